// Gloss in a folder that nobody has said to trust: it works, and what the folder sets does not count.

import assert from 'node:assert/strict';
import { Editor, until } from './editor.mjs';

const [address, folder, pictures] = process.argv.slice(2);

const editor = await Editor.open(address, folder, pictures);
const test = editor.step.bind(editor);

/** The doctor's page, once it is there. */
async function doctor() {
  await editor.file('basket.py', 20);
  await editor.command('Gloss: Doctor');
  await editor.shown('.view-line:has-text("✓ **store**")');
  const page = await editor.text();
  await editor.see('doctor-of-a-folder');
  await editor.command('View: Close Editor');
  return page;
}

await test('it explains in a folder that is not trusted', async () => {
  await editor.shown('.statusbar-item:has-text("Restricted Mode")');
  await editor.file('basket.py', 20);
  await editor.command('Gloss: Explain');
  await editor.shown('.review-widget :text("no model was asked")');
  await editor.see('restricted');
  await editor.closeThread();
});

await test('what the folder sets does not count there', async () => {
  const page = await doctor();
  assert.ok(page.includes('GLOSS_BASE_URL'), page);
  assert.ok(!page.includes('grok-build-0.1'), page);
});

await test('once it is trusted it counts, but for what could move code or key', async () => {
  await editor.command('Workspaces: Manage Workspace Trust');
  await editor.page.locator('.workspace-trust-editor .monaco-button:has-text("Trust")').first().click();
  await editor.gone('.statusbar-item:has-text("Restricted Mode")');
  await editor.page.locator('.modal-editor-header .codicon-close').click();
  await editor.gone('.workspace-trust-editor');
  let page;
  await until('the model', async () => (page = await doctor()).includes('grok-build-0.1'));
  assert.ok(!page.includes('127.0.0.1:9/v1') && !page.includes('stolen'), page);
});

await editor.close();
