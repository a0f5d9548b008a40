// Names the Lua files that StyLua would format otherwise, by .stylua.toml; with --write formats them.

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const stylua = createRequire(`${process.env.STYLUA_HOME}/package.json`)('@johnnymorganz/stylua');

/** The names of StyLua's own settings, with the kinds of those that are words. */
const KINDS = { indent_type: stylua.IndentType, quote_style: stylua.QuoteStyle };

/** As .stylua.toml says; each use takes one. */
function config() {
  const config = stylua.Config.new();
  for (const [, key, value] of readFileSync('.stylua.toml', 'utf8').matchAll(/^(\w+) = (.+)$/gm)) {
    const read = JSON.parse(value);
    config[key] = KINDS[key]?.[read] ?? read;
  }
  return config;
}

const writes = process.argv[2] === '--write';
const files = process.argv.slice(writes ? 3 : 2);
const others = files.filter((file) => {
  const text = readFileSync(file, 'utf8');
  const formatted = stylua.formatCode(text, config(), undefined, stylua.OutputVerification.Full);
  if (writes) {
    writeFileSync(file, formatted);
  }
  return formatted !== text;
});
others.forEach((file) => console.log(`${writes ? 'formatted' : 'not formatted'}: ${file}`));
if (others.length > 0 && !writes) {
  console.log('tests/nvim/format --write formats them');
  process.exitCode = 1;
}
