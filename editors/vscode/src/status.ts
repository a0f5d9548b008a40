//! The item in the status bar: what today came to, and whether anything runs.

import * as vscode from 'vscode';
import type { Status } from './protocol';

export function statusItem(): vscode.StatusBarItem {
  const item = vscode.window.createStatusBarItem('gloss.status', vscode.StatusBarAlignment.Right, 10);
  item.name = 'Gloss';
  item.command = 'gloss.showUsage';
  item.text = '$(comment) Gloss';
  item.tooltip = 'What Gloss was asked, and what it cost';
  item.show();
  return item;
}

export function tell(item: vscode.StatusBarItem, { busy, today }: Status): void {
  const icon = busy ? '$(sync~spin)' : '$(comment)';
  item.text = today ? `${icon} Gloss $${today.cost_usd.toFixed(4)}` : `${icon} Gloss`;
  if (today) {
    item.tooltip = `Gloss today: ${today.requests} requests, ${today.total_tokens} tokens`;
  }
}
