// `npm run bench` runs every benchmark, `npm run bench -- store` one. `--quick`: only that it runs.

const all = ['store', 'relay', 'hosts', 'web', 'cost'];

const named = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const unknown = named.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`There is no benchmark "${unknown[0]}"; there are: ${all.join(', ')}`);
  process.exitCode = 1;
} else {
  for (const name of named.length > 0 ? named : all) await import(`./${name}.ts`);
}
