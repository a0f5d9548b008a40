// Gloss in a real VS Code, as a person uses it.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname } from 'node:path';
import { Editor, until } from './editor.mjs';

const [address, folder, pictures] = process.argv.slice(2);

const scratch = dirname(folder);

/** Settings of the machine that the server runs on. */
const settings = `${scratch}/user/Machine/settings.json`;
const machine = () => readFileSync(settings, 'utf8');

const editor = await Editor.open(address, folder, pictures);
const test = editor.step.bind(editor);

await test('it starts with the first file, and stands in the status bar', async () => {
  await editor.file('basket.py', 20);
  await editor.shown('.statusbar-item:has-text("Gloss")');
});

await test('the program that it carries is the server, whatever the repository says', () =>
  until('the server', () => servers('').length === 1));

await test('an explanation streams into a thread under the code, and one asks on in it', async () => {
  await editor.command('Gloss: Explain');
  await editor.shown('.review-widget :text("no model was asked")');
  await editor.see('explained');
  await editor.page.locator('.review-widget .review-thread-reply-button').first().click();
  await editor.shown('.review-widget .monaco-editor.focused');
  await editor.type('Why is it rounded?');
  await editor.page.locator('.review-widget .monaco-button:has-text("Ask")').first().click();
  await editor.shown('.review-widget :text("Why is it rounded?")');
  await editor.page.locator('.review-widget :text("no model was asked")').nth(1).waitFor();
  await editor.see('asked-on');
  await editor.closeThread();
});

await test('the explanation stays as the hover on its line', async () => {
  await editor.file('basket.py', '16:9');
  await editor.press('Control+K', 'Control+I');
  await editor.shown('.monaco-hover :text("no model was asked")');
  await editor.see('hover');
  await editor.press('Escape');
});

await test('a refactoring is a diff, which is accepted, and undone in one step', async () => {
  await editor.file('basket.py', 20);
  await editor.action('Refactor `total`');
  await editor.shown('.monaco-diff-editor .view-line:has-text("if name not in self.prices:")');
  await editor.shown('.notification-toast:has-text("Accept")');
  await editor.see('diff');
  await editor.button('Accept');
  await editor.gone('.monaco-diff-editor');
  await editor.shown('.view-line:has-text("if voucher is not None:")');
  assert.ok(!(await editor.text()).includes('if (not voucher is None)'));
  await editor.press('Control+Z');
  await editor.shown('.view-line:has-text("if (not voucher is None)")');
  assert.ok(!(await editor.text()).includes('if voucher is not None:'));
});

await test('an instruction is asked for, and the diff discarded', async () => {
  await editor.command('Gloss: Refactor with Instruction');
  await editor.answer('Use early returns');
  await editor.shown('.notification-toast:has-text("Discard")');
  await editor.button('Discard');
  await editor.gone('.monaco-diff-editor');
  assert.ok((await editor.text()).includes('if (not voucher is None)'));
});

await test('a diff is refined with what was proposed, and the second one accepted', async () => {
  await editor.file('basket.py', 20);
  await editor.command('Gloss: Refactor with Instruction');
  await editor.answer('Use early returns');
  await editor.button('Refine');
  await editor.answer('Keep the parentheses');
  await editor.shown('.notification-toast:has-text("Accept")');
  await editor.see('refined');
  await editor.button('Accept');
  await editor.gone('.monaco-diff-editor');
  await editor.shown('.view-line:has-text("if voucher is not None:")');
  await editor.press('Control+Z');
  await editor.shown('.view-line:has-text("if (not voucher is None)")');
});

await test('Gloss is told what other extensions know of the code', async () => {
  await askedElsewhere(never, async (asked) => {
    const told = ['voucher: a part of the price', 'price: what one of them costs', "checkout pays the basket's total"];
    await editor.file('basket.py', 20);
    // Gloss waits a second for them, which may be too short once.
    for (let tries = 1; tries === 1 || (tries < 5 && !told.every((part) => asked.at(-1).body.includes(part))); tries += 1) {
      await editor.command('Gloss: Explain');
      await until('the request', () => asked.length === tries);
      await editor.closeThread();
      await asked.at(-1).closed;
    }
    told.forEach((part) => assert.ok(asked.at(-1).body.includes(part), asked.at(-1).body));
  });
});

await test('a failure is said in the thread', async () => {
  await askedElsewhere(refusal, async () => {
    await editor.file('basket.py', 20);
    await editor.command('Gloss: Ask');
    await editor.answer('What for?');
    await editor.shown('.review-widget :text("The moon is in the way")');
    await editor.see('failure');
    await editor.closeThread();
  });
});

await test('with reviews off an edit is applied at once', async () => {
  await editor.command('Neighbour: Apply Edits at Once');
  await editor.shown('.notification-toast:has-text("Edits are applied at once")');
  await editor.command('Notifications: Clear All Notifications');
  await editor.file('basket.py', 20);
  await editor.command('Gloss: Refactor');
  await editor.shown('.view-line:has-text("if voucher is not None:")');
  assert.equal(await editor.page.locator('.monaco-diff-editor').count(), 0);
  await editor.press('Control+Z');
  await editor.shown('.view-line:has-text("if (not voucher is None)")');
  await editor.command('Neighbour: Show Edits First');
  await editor.shown('.notification-toast:has-text("Edits are shown first")');
  await editor.command('Notifications: Clear All Notifications');
});

await test('an image is described by its hover', async () => {
  await editor.file('pictures.md', '3:8');
  await editor.press('Control+K', 'Control+I');
  await editor.shown('.monaco-hover :text("gloss.png")');
  await editor.shown('.monaco-hover :text("square image")');
  await editor.see('image');
  await editor.press('Escape');
});

await test('alternative text is written, after a look at it', async () => {
  await editor.file('pictures.md', '3:8');
  await editor.command('Gloss: Write Alt Text');
  await editor.shown('.monaco-diff-editor .line-insert');
  await editor.see('alt-text');
  await editor.button('Accept');
  await editor.gone('.monaco-diff-editor');
  await until('the text', async () => /!\[[^\]]+\]\(gloss.png\)/.test(await editor.text()));
  await editor.press('Control+Z');
  await until('the text as it was', async () => (await editor.text()).includes('![](gloss.png)'));
});

await test('usage is a page', async () => {
  await editor.page.locator('.statusbar-item:has-text("Gloss $") a').first().click();
  await editor.shown('.tab.active:has-text("Gloss: Usage")');
  const page = editor.page.frameLocator('iframe.webview').frameLocator('iframe');
  await page.locator('text=requests').first().waitFor();
  await editor.see('usage');
});

await test('what would be sent is a page, and so is what the doctor finds', async () => {
  await editor.file('basket.py', 20);
  await editor.command('Gloss: Show What Would Be Sent');
  await editor.shown('.view-line:has-text("You explain code to a programmer")');
  await editor.see('preview');
  await editor.command('Gloss: Doctor');
  await editor.shown('.view-line:has-text("✓ **store**")');
  await editor.shown('.view-line:has-text("from environment, GLOSS_BASE_URL")');
  await editor.see('doctor');
  // Nothing that asks to be saved.
  assert.equal(await editor.page.locator('.tab.dirty').count(), 0);
});

await test('a job is cancelled in its notification, hangs up, and says nothing', async () => {
  await askedElsewhere(never, async (asked) => {
    await editor.file('basket.py', 20);
    await editor.action('Refactor `total`');
    await until('the request', () => asked.length === 1);
    await editor.shown('.notification-toast:has-text("Refactor")');
    await editor.see('running');
    await editor.button('Cancel');
    await asked[0].closed;
    await editor.gone('.notification-toast:has-text("Refactor")');
    assert.equal(await editor.page.locator('.monaco-diff-editor').count(), 0);
  });
});

await test('the walkthrough shows what comes first, and sets the key, which the server alone is told', async () => {
  await editor.command('Welcome: Open Walkthrough');
  await editor.answer('Get Started with Gloss');
  await editor.page.locator('.gettingStartedContainer .monaco-button:has-text("Set API Key")').click();
  await editor.answer('xai-a-key-for-the-test');
  await editor.shown('.notification-toast:has-text("the key is set")');
  assert.equal(servers('XAI_API_KEY=xai-a-key-for-the-test').length, 1);
  await editor.shown('.getting-started-step:has-text("Set your key") .codicon-getting-started-step-checked');
  await editor.see('walkthrough');
});

await test('the command sets another key; no settings hold it', async () => {
  await editor.command('Gloss: Set API Key');
  await editor.answer('xai-another-key');
  await until('a server with it', () => servers('XAI_API_KEY=xai-another-key').length === 1);
  for (const file of [settings, `${scratch}/user/User/settings.json`]) {
    assert.ok(!readFileSync(file, 'utf8').includes('xai-'));
  }
  await editor.command('Notifications: Clear All Notifications');
});

await test('a program that is not there is named, with what to do, and started once it is', async () => {
  const right = machine();
  writeFileSync(settings, right.replace('{', '{ "gloss.server.path": "/nowhere/gloss",'));
  await editor.shown('.notification-toast:has-text("/nowhere/gloss` could not be started")');
  await editor.see('not-there');
  writeFileSync(settings, right);
  await editor.file('basket.py', 20);
  await editor.action('Explain `total`');
  await editor.shown('.review-widget :text("no model was asked")');
});

await editor.close();

/** Leads Gloss to another API, and tells what it is asked there. */
async function askedElsewhere(answer, body) {
  const asked = [];
  const api = createServer(async (request, response) => {
    const closed = once(request.socket, 'close');
    asked.push({ body: (await request.toArray()).join(''), closed });
    answer(response);
  }).listen(0, '127.0.0.1');
  await once(api, 'listening');
  const right = machine();
  const url = `http://127.0.0.1:${api.address().port}/v1`;
  writeFileSync(settings, right.replace(/"gloss.baseUrl": "[^"]*"/, `"gloss.baseUrl": "${url}"`));
  await until('a server with that address', () => servers(`GLOSS_BASE_URL=${url}`).length === 1);
  await body(asked);
  api.close();
  writeFileSync(settings, right);
  await until('the server as it was', () => servers('').length === 1 && servers(url).length === 0);
}

/** An API that never answers. */
function never() {}

/** An API that refuses. */
function refusal(response) {
  response.writeHead(400, { 'content-type': 'application/json' }).end('{"error": "The moon is in the way."}');
}

/** The language servers, of the program that the extension carries, with this in their environment. */
function servers(part) {
  return readdirSync('/proc').filter((id) => {
    try {
      const [program, command] = readFileSync(`/proc/${id}/cmdline`, 'utf8').split('\0');
      return program.startsWith(`${scratch}/extensions/`) && command === 'lsp' && readFileSync(`/proc/${id}/environ`, 'utf8').includes(part);
    } catch {
      return false; // no process, or one that has ended
    }
  });
}
