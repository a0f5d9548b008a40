//! Explanations as threads of comments under the code: streamed, asked on, closed.

import * as vscode from 'vscode';
import type { Jobs } from './jobs';
import type { Argument, Exchange } from './protocol';

/** How often a growing answer is drawn, in milliseconds: each time the whole of it is rendered. */
const INTERVAL = 80;

interface Talk {
  argument: Argument;
  history: Exchange[];
  cancel?: () => void;
}

export class Threads implements vscode.Disposable {
  private readonly controller = vscode.comments.createCommentController('gloss', 'Gloss');
  private readonly talks = new Map<vscode.CommentThread, Talk>();

  constructor(private readonly jobs: Jobs) {
    this.controller.options = { prompt: 'Ask on', placeHolder: 'Ask Gloss about this code' };
  }

  /** Explains in a new thread under the last line of the range. */
  async explain(title: string, argument: Argument, range: vscode.Range): Promise<void> {
    const uri = vscode.Uri.parse(argument.uri ?? '');
    // One without a comment opens its reply box wide.
    const thread = this.controller.createCommentThread(uri, range, [comment('Gloss', new vscode.MarkdownString('…'))]);
    thread.label = title;
    thread.canReply = true;
    thread.collapsibleState = vscode.CommentThreadCollapsibleState.Expanded;
    this.talks.set(thread, { argument, history: argument.history ?? [] });
    await this.ask(thread, [], argument.question);
  }

  /** Asks on in a thread. */
  async reply({ thread, text }: vscode.CommentReply): Promise<void> {
    if (text.trim() && this.talks.get(thread)?.cancel === undefined) {
      await this.ask(thread, thread.comments, text.trim());
    }
  }

  cancel(thread: vscode.CommentThread): void {
    this.talks.get(thread)?.cancel?.();
  }

  close(thread: vscode.CommentThread): void {
    this.cancel(thread);
    this.talks.delete(thread);
    thread.dispose();
  }

  private async ask(
    thread: vscode.CommentThread,
    said: readonly vscode.Comment[],
    question: string | undefined,
  ): Promise<void> {
    const talk = this.talks.get(thread);
    if (!talk) {
      return;
    }
    const before = [...said];
    if (question) {
      before.push(comment('You', new vscode.MarkdownString().appendText(question)));
    }
    let answer = '';
    let drawn: NodeJS.Timeout | undefined;
    const draw = (text: string) => {
      thread.comments = [...before, comment('Gloss', new vscode.MarkdownString(text))];
    };
    draw('…');
    const { history, argument } = talk;
    const job = this.jobs.begin('gloss.explain', { ...argument, question, history }, {
      delta: (delta) => {
        answer += delta;
        drawn ??= setTimeout(() => {
          drawn = undefined;
          draw(answer);
        }, INTERVAL);
      },
      progress: (message) => {
        if (!answer) {
          draw(`*${message}…*`);
        }
      },
    });
    talk.cancel = job.cancel;
    thread.contextValue = 'running';
    const outcome = await job.outcome;
    clearTimeout(drawn);
    talk.cancel = undefined;
    thread.contextValue = '';
    if (!outcome) {
      draw(`${answer}\n\n*Cancelled.*`);
    } else if ('failed' in outcome) {
      draw(`${answer}\n\n⚠ ${outcome.failed}`);
    } else {
      answer = outcome.result.markdown ?? answer;
      draw(answer);
      talk.history.push({ question: question ?? 'Explain this.', answer });
    }
  }

  dispose(): void {
    this.controller.dispose();
  }
}

function comment(name: string, body: vscode.MarkdownString): vscode.Comment {
  return { author: { name }, body, mode: vscode.CommentMode.Preview };
}
