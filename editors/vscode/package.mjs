// Makes the .vsix, with the version of the program; and with the program itself, where one is named.

import { cpSync, readFileSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createVSIX } from '@vscode/vsce';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

// Cargo.toml alone says the version.
const [, version] = readFileSync(here('../../Cargo.toml'), 'utf8').match(/^version = "(.+)"$/m);

rmSync(here('bin'), { recursive: true, force: true });
const [program] = process.argv.slice(2);
const target = program && `${process.platform}-${process.arch}`;
if (program) {
  cpSync(program, here(`bin/${basename(program)}`));
}
await createVSIX({
  cwd: here('.'),
  version,
  updatePackageJson: false,
  target,
  dependencies: false, // the bundle holds them
  allowMissingRepository: true,
  packagePath: here(program ? `gloss-ls-${target}.vsix` : 'gloss-ls.vsix'),
});
