// What a person does in VS Code, and what they see.

import { createRequire } from 'node:module';

const { chromium } = createRequire(new URL('../../editors/vscode/package.json', import.meta.url))('playwright-core');

/** How long anything may take before a test gives up, in milliseconds. */
export const PATIENCE = 60_000;

export class Editor {
  /** Opens a folder in a browser of its own. */
  static async open(address, folder, pictures) {
    const browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    });
    const page = await browser.newPage({ viewport: { width: 1200, height: 800 } });
    page.setDefaultTimeout(PATIENCE);
    const editor = new Editor(browser, page, pictures);
    await listening(`${address}/healthz`);
    await page.goto(`${address}/?folder=${folder}`);
    await page.waitForSelector('.monaco-workbench');
    return editor;
  }

  constructor(browser, page, pictures) {
    Object.assign(this, { browser, page, pictures });
  }

  close() {
    return this.browser.close();
  }

  /** A step, named by a sentence; the first that fails ends it. */
  async step(sentence, body) {
    const began = Date.now();
    try {
      await body();
      console.log(`ok   ${sentence} (${Date.now() - began} ms)`);
    } catch (error) {
      console.log(`FAIL ${sentence} (${Date.now() - began} ms)`);
      await this.see('failed');
      throw error;
    }
  }

  /** Keeps what is seen now. */
  see(name) {
    return this.page.screenshot({ path: `${this.pictures}/${name}.png` });
  }

  press(...keys) {
    return keys.reduce((before, key) => before.then(() => this.page.keyboard.press(key)), Promise.resolve());
  }

  type(text) {
    return this.page.keyboard.type(text);
  }

  /** Waits until something that fits is there to see. */
  shown(selector) {
    return this.page.locator(selector).first().waitFor();
  }

  gone(selector) {
    return this.page.locator(selector).first().waitFor({ state: 'hidden' });
  }

  /** Opens a file and puts the cursor at a line, or a line and a column. */
  async file(name, place) {
    await this.page.locator('.explorer-viewlet .monaco-list-row', { hasText: name }).first().dblclick();
    await this.shown(`.tab.active:has-text("${name}")`);
    await this.shown('.editor-instance .monaco-editor.focused');
    await this.press('Control+G');
    await this.input(':');
    await this.type(String(place));
    await this.press('Enter');
    await this.gone('.quick-input-widget');
    const [line, column = 1] = String(place).split(':');
    await this.shown(`.statusbar-item:has-text("Ln ${line}, Col ${column}")`);
  }

  /** Waits for the input box, as it is filled to begin with. */
  input(beginning) {
    return this.page.waitForFunction((beginning) => {
      const input = document.querySelector('.quick-input-widget input[type=text], .quick-input-widget input[type=password]');
      return input === document.activeElement && input?.value === beginning;
    }, beginning);
  }

  /** Runs a command by its name in the palette. */
  async command(name) {
    const label = this.page.locator('.quick-input-list .label-name', { hasText: new RegExp(`^${name}(…|\\.\\.\\.)?$`) }).first();
    // One that comes with the server is not in a palette that was open before.
    for (let tries = 0; tries < 5 && !(await label.isVisible()); tries += 1) {
      await this.press('Escape', 'F1');
      await this.input('>');
      await this.type(name);
      await label.waitFor({ timeout: 3000 }).catch(() => {});
    }
    await label.click();
  }

  /** Chooses from the menu of actions. */
  async action(title) {
    const row = this.page.locator('.action-widget .monaco-list-row', { hasText: title }).first();
    // A menu that opens while the editor is still busy with the cursor's move closes by itself.
    for (let tries = 0; tries < 5 && !(await row.isVisible()); tries += 1) {
      await this.press('Control+.');
      await row.waitFor({ timeout: 3000 }).catch(() => {});
    }
    await row.click();
  }

  /** Closes the thread under the code, which may be above what is on the screen. */
  async closeThread() {
    await this.page.locator('.review-widget .action-label.codicon-close').first().dispatchEvent('click');
    await this.gone('.review-widget');
  }

  /** Answers the question in the input box. */
  async answer(text) {
    await this.input('');
    await this.type(text);
    await this.press('Enter');
  }

  button(name) {
    return this.page.locator('.notification-toast .monaco-button', { hasText: name }).first().click();
  }

  /** The lines of the active editor that are on the screen. */
  async text() {
    const lines = this.page.locator('.editor-instance .monaco-editor .view-line');
    return (await lines.allInnerTexts()).join('\n').replaceAll('\u00a0', ' ');
  }
}

export async function until(what, holds) {
  const late = Date.now() + PATIENCE;
  while (!(await holds())) {
    if (Date.now() > late) {
      throw new Error(`waited in vain for ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function listening(address) {
  const until = Date.now() + PATIENCE;
  for (;;) {
    const answered = await fetch(address).then(({ ok }) => ok, () => false);
    if (answered) {
      return;
    }
    if (Date.now() > until) {
      throw new Error(`${address} does not answer`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
