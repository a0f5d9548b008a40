//! The ledger as a page: what `gloss usage --format html` prints.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as vscode from 'vscode';

/** Larger than any page of a ledger, in bytes. */
const LARGEST = 64 * 1024 * 1024;

let panel: vscode.WebviewPanel | undefined;

export async function showUsage(program: string, env: NodeJS.ProcessEnv): Promise<void> {
  try {
    const page = await promisify(execFile)(program, ['usage', '--format', 'html'], { env, maxBuffer: LARGEST });
    if (!panel) {
      panel = vscode.window.createWebviewPanel('gloss.usage', 'Gloss: Usage', vscode.ViewColumn.Active);
      panel.onDidDispose(() => {
        panel = undefined;
      });
    }
    // A page goes by the system's colours, which may not be the editor's.
    const { Dark, HighContrast } = vscode.ColorThemeKind;
    const isDark = [Dark, HighContrast].includes(vscode.window.activeColorTheme.kind);
    panel.webview.html = page.stdout.replaceAll('(prefers-color-scheme: dark)', isDark ? 'all' : 'not all');
    panel.reveal();
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    void vscode.window.showErrorMessage(`Gloss: the ledger cannot be shown: ${said}`);
  }
}
