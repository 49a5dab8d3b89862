import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Awake } from '../../../worker/disk/awake.ts';
import { type Disk, openDisk } from '../../../worker/disk/bindings.ts';
import { shardKey } from '../../../worker/filter/reader.ts';
import { day } from '../../../worker/limits.ts';
import { type Host, wakeBy } from '../../../worker/ports.ts';
import { Services } from '../../../worker/services.ts';
import { until } from '../../support/until.ts';

const folders: string[] = [];
const disks: Disk[] = [];
afterEach(async () => {
  for (const disk of disks.splice(0)) disk.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cliquet-objects-'));
  folders.push(folder);
  return folder;
}

function open(folder = newFolder(), strangersPerMinute = 100): Disk {
  const disk = openDisk(folder, strangersPerMinute);
  disk.objects.use(new Services({ ...disk.bindings, ...{ ENVIRONMENT: 'development' } }));
  disks.push(disk);
  return disk;
}

const files = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\/.*\.sqlite$/.test(name));
const hrid = (n: number) => new Uint8Array(32).fill(n % 256).with(0, n >> 8);
const mailbox = (disk: Disk, n: number) => disk.bindings.MAILBOX.getByName(`mailbox ${n}`);
const hash = { upper: 7, lower: 12_345 };

describe('Objects', () => {
  test('are many with few open files, and each is what it was when it wakes', async () => {
    const disk = open();
    const epochs = [];
    for (let n = 0; n < 600; n++) epochs.push((await mailbox(disk, n).register(hrid(n), hrid(n))).epoch);
    if (process.platform === 'linux') {
      const isOpen = readdirSync('/proc/self/fd').length;
      expect(isOpen).toBeLessThan(2 * 256 + 100);
    }
    for (const n of [0, 1, 300, 599])
      expect((await mailbox(disk, n).register(hrid(n), hrid(n))).epoch).toEqual(epochs[n]);
  });

  test('leave no file for somebody who never registered', async () => {
    const folder = newFolder();
    const disk = open(folder);
    expect(await mailbox(disk, 1).claim(hrid(2), new Uint8Array(16))).toEqual({ code: 'unregistered' });
    disk.close();
    expect(files(folder)).toEqual([]);
  });

  test('ring by themselves, and after a new start what was due meanwhile', async () => {
    const folder = newFolder();
    const published = (disk: Disk) => disk.bindings.FILTER.get(shardKey(1, 1), 'arrayBuffer');
    // It publishes at once, and again a day later: nobody is there then.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 2 * day });
    try {
      const first = open(folder);
      await first.bindings.SHARD.getByName('1').add(1, hash, 1);
      await until(() => published(first));
      first.close();
    } finally {
      vi.useRealTimers();
    }
    const second = open(folder);
    await second.bindings.FILTER.delete(shardKey(1, 1));
    expect(await second.objects.replayAlarms()).toBe(1);
    await until(() => published(second));
  });

  test('ring again if the alarm has failed, whatever is set for later meanwhile', async () => {
    const path = join(newFolder(), 'alarm.sqlite');
    const open = () =>
      new Awake({
        path,
        create: () => ({}),
        count: () => undefined,
        onAlarm: () => undefined,
        onBroken: () => undefined,
      });
    const awake = open();
    awake.alarm.set(Date.now());
    const failing = awake.ring(async () => {
      wakeBy(awake.alarm, Date.now() + 3_600_000);
      throw new Error('no');
    }, 1000);
    await expect(failing).rejects.toThrow('no');
    wakeBy(awake.alarm, Date.now() + 3_600_000);
    await awake.sql.durable;
    awake.close();
    expect(open().alarm.due).toBeLessThan(Date.now() + 3_600_000 / 2);
  });

  test('are passed over if one is damaged, and files without tables go', async () => {
    const folder = newFolder();
    const first = open(folder);
    await mailbox(first, 1).register(hrid(1), hrid(1));
    await mailbox(first, 2).register(hrid(2), hrid(2));
    first.close();
    const [damaged = '', whole = ''] = files(folder);
    writeFileSync(join(folder, damaged), 'no database'.repeat(1000));
    const [byte = 0] = createHash('sha256').update('empty').digest();
    const empty = join(folder, 'mailbox', byte.toString(16).padStart(2, '0'), 'empty.sqlite');
    mkdirSync(dirname(empty), { recursive: true });
    writeFileSync(empty, '');
    const second = open(folder);
    expect(await second.objects.replayAlarms()).toBe(3);
    expect(existsSync(empty)).toBe(false);
    expect(existsSync(join(folder, whole))).toBe(true);
  });

  test('are found though files of somebody else lie beside theirs', async () => {
    const folder = newFolder();
    const first = open(folder);
    await mailbox(first, 1).register(hrid(1), hrid(1));
    first.close();
    const [whole = ''] = files(folder);
    writeFileSync(join(folder, 'mailbox', '.directory'), '');
    writeFileSync(join(folder, 'mailbox', '000'), '');
    writeFileSync(join(folder, dirname(whole), '%.sqlite'), '');
    const second = open(folder);
    expect(await second.objects.replayAlarms()).toBe(1);
  });

  test('ring when the disk says so, if what was to set them for later is lost', async () => {
    const disk = openDisk(newFolder(), 1);
    disks.push(disk);
    const hosts: Host[] = [];
    let rung = 0;
    const createRegistrar = (host: Host) => {
      hosts.push(host);
      return { alarm: async () => void rung++, begin: () => null };
    };
    disk.objects.use({ createRegistrar } as unknown as Services);
    const call = (work: (host: Host | undefined) => void) =>
      disk.objects.call('registrar', 'one', () => work(hosts.at(-1)));
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    try {
      await call((host) => host?.alarm.set(Date.now() + 60_000));
      const failing = call((host) => {
        host?.alarm.set(Date.now() + 3_600_000);
        host?.sql.query('insert into nothing values (1)');
      });
      await expect(failing).rejects.toThrow('nothing');
      await vi.advanceTimersByTimeAsync(60_000);
      expect(rung).toBe(1);
    } finally {
      vi.useRealTimers();
    }
  });

  test('ring when their time has come by the clock, also if that is set meanwhile', async () => {
    const disk = openDisk(newFolder(), 1);
    disks.push(disk);
    let rung = 0;
    const createRegistrar = ({ alarm }: Host) => ({
      begin: () => alarm.set(Date.now() + day),
      alarm: async () => rung++,
    });
    disk.objects.use({ createRegistrar } as unknown as Services);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    try {
      await disk.objects.call('registrar', 'one', (registrar) => (registrar.begin as unknown as () => void)());
      vi.setSystemTime(Date.now() + day);
      await vi.advanceTimersByTimeAsync(60_000);
      expect(rung).toBe(1);
    } finally {
      vi.useRealTimers();
    }
  });

  test('do not all wake at once, however many are due', async () => {
    const disk = openDisk(newFolder(), 1);
    disks.push(disk);
    let [ringing, most, rung] = [0, 0, 0];
    const createRegistrar = (host: Host) => ({
      set: (time: number) => host.alarm.set(time),
      async alarm() {
        rung++;
        most = Math.max(most, ++ringing);
        host.sql.query('create table if not exists t (a integer)');
        await host.outgoing({ done: () => ringing-- }).done();
      },
    });
    type Registrar = ReturnType<typeof createRegistrar>;
    disk.objects.use({ createRegistrar } as unknown as Services);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    try {
      for (let n = 0; n < 100; n++) {
        await disk.objects.call('registrar', String(n), (object) =>
          (object as unknown as Registrar).set(Date.now() + 60_000),
        );
      }
      await vi.advanceTimersByTimeAsync(60_000);
      while (rung < 100) await vi.advanceTimersByTimeAsync(1);
    } finally {
      vi.useRealTimers();
    }
    expect(most).toBeLessThanOrEqual(32);
  });

  test('take nothing any more once they are stopped', async () => {
    const disk = open();
    disk.close();
    await expect(mailbox(disk, 1).register(hrid(1), hrid(1))).rejects.toThrow('stopping');
  });
});

describe('openDisk()', () => {
  test('has the folder for itself', () => {
    const folder = newFolder();
    open(folder);
    expect(() => openDisk(folder, 1)).toThrow(/^Another relay is running on/);
    disks.pop()?.close();
    open(folder);
  });

  test('says that a folder cannot be used', () => {
    const file = join(newFolder(), 'file');
    writeFileSync(file, '');
    expect(() => openDisk(file, 1)).toThrow(/cannot be used \(EEXIST\)\. Set STATE/);
    const folder = newFolder();
    writeFileSync(join(folder, 'mailbox'), '');
    expect(() => openDisk(folder, 1)).toThrow(/cannot be used \(EEXIST\)\. Set STATE/);
    const locked = join(newFolder(), 'locked');
    writeFileSync(locked, '');
    expect(() => openDisk(locked, 1)).toThrow(/cannot be used/);
  });

  test('counts strangers, each by itself', async () => {
    const { STRANGERS } = open(newFolder(), 2).bindings;
    const asked = async (key: string) => (await STRANGERS.limit({ key })).success;
    expect([await asked('a'), await asked('a'), await asked('a'), await asked('b')]).toEqual([true, true, false, true]);
  });

  test('counts anew when the clock is set back', async () => {
    const { STRANGERS } = open(newFolder(), 1).bindings;
    const asked = async () => (await STRANGERS.limit({ key: 'a' })).success;
    expect([await asked(), await asked()]).toEqual([true, false]);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - day });
    const again = [await asked(), await asked()];
    vi.useRealTimers();
    expect(again).toEqual([true, false]);
  });

  test('keeps what the filter publishes', async () => {
    const folder = newFolder();
    const { FILTER } = open(folder).bindings;
    await FILTER.put('key', Uint8Array.of(1, 2, 3));
    await FILTER.put('other', Uint8Array.of(4));
    await FILTER.delete('other');
    disks.pop()?.close();
    const again = open(folder).bindings.FILTER;
    expect(new Uint8Array((await again.get('key', 'arrayBuffer')) ?? [])).toEqual(Uint8Array.of(1, 2, 3));
    expect(await again.get('other', 'arrayBuffer')).toBeNull();
  });
});
