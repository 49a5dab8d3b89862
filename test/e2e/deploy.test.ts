// The environments of wrangler.toml in real workerd, as they would be deployed, but for what an account would have: secrets.

import { afterEach, expect, test } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';
import { Line } from '../support/shell.ts';

const lines: Line[] = [];
afterEach(() => {
  for (const line of lines.splice(0)) line.kill();
});

test.each(['staging', 'production'])(
  'a relay in %s that was given no secret serves nothing, and says what it lacks',
  async (environment) => {
    const options = '--ip 127.0.0.1 --port 0 --inspector-port 0 --show-interactive-dev-session=false';
    const line = new Line(`wrangler dev --env ${environment} ${options} --persist-to "$STATE"`, {
      STATE: temporaryFolder(),
      CLOUDFLARE_CF_FETCH_ENABLED: 'false',
      WRANGLER_SEND_METRICS: 'false',
    });
    lines.push(line);
    const [, url = ''] = await line.says(/Ready on (http:\S+)/);
    const response = await fetch(`${url}/v1/info`);
    expect(response.status).toBe(503);
    const sentences = (await response.text()).trim().split('\n');
    expect(sentences.map((sentence) => sentence.split(' ')[0])).toEqual([
      ...['PEPPER', 'FILTER_KEY', 'TICKET_KEY', 'EMAIL_CHANNELS'],
    ]);
    expect(sentences[0]).toBe(
      `PEPPER must be 32 random bytes in base64url; set it with: npx wrangler secret put PEPPER --env ${environment}`,
    );
    await line.stop();
  },
  90_000,
);
