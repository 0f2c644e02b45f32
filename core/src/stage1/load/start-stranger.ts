import type {HostCommand} from '../../image/sandbox.ts';
import {childEnd} from '../../linux/child-end.ts';
import {isolated} from '../../linux/isolated.ts';
import {pipe} from '../../linux/pipe.ts';
import type {Keeper} from '../../linux/start-keeper.ts';
import {CHUNK, type Ends, type Exchange, exchangeBy} from './exchange.ts';

/** A stranger's process, to be asked. */
export interface Stranger extends Exchange {
  /** Without a number it has not been started: that is an end, too. */
  readonly pid: number | undefined;
  /** Ends it, and says how it has ended. Once: its number may be another's afterwards. */
  readonly end: () => string;
}

interface Start extends HostCommand {
  readonly env: Readonly<Record<string, string>>;
  /** Its descriptors, from standard input on, by its own ends of the pipes. */
  readonly stdio: (theirs: Ends) => number[];
  /** What ends it together with this process, if it does not do so by itself. */
  readonly keep?: () => Keeper | undefined;
}

/** Starts a stranger's program in isolation and offline. What is `shown` stays open until it has been started. */
export const startStranger = ({file, args, shown, env, stdio, keep}: Start): Stranger => {
  const {spawn} = process.getBuiltinModule('node:child_process');
  using theirs = new DisposableStack();
  using opened = new DisposableStack();
  const [questions, answers, messages] = [pipe({bytes: CHUNK}), pipe({bytes: CHUNK}), pipe()];
  for (const fd of [questions.read, answers.write, messages.write]) theirs.use(fd);
  for (const fd of [questions.write, answers.read, messages.read]) opened.use(fd);
  const descriptors = stdio({questions: questions.read, answers: answers.write, messages: messages.write});
  const start = () => {
    const keeper = keep?.();
    keeper?.unref();
    try {
      return {child: spawn(file, args, {cwd: '/', env, stdio: descriptors}), keeper};
    } catch (error) {
      keeper?.releaseNow();
      throw error;
    }
  };
  const {child, keeper} = isolated(shown, start, {offline: true});
  child.unref();
  child.once('error', () => undefined);
  const {ask, takeMessages} = exchangeBy({questions: questions.write, answers: answers.read, messages: messages.read});
  const ours = opened.move();
  let how: string | undefined;
  return {
    pid: child.pid,
    ask: (...question) => (how === undefined ? ask(...question) : {because: 'end', bytes: Buffer.alloc(0)}),
    takeMessages,
    end: () => {
      if (how !== undefined) return how;
      child.kill('SIGKILL');
      how = child.pid === undefined ? 'no start' : childEnd(child);
      keeper?.releaseNow();
      ours.dispose();
      return how;
    },
  };
};
