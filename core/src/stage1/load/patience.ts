import {type Effort, effortOf} from '../../linux/effort.ts';

/** Milliseconds that somebody is waited for at most, however busy the host is. */
const MOST = 60_000;
/** And for all that it is asked, as long as it takes more than one look. */
const MOST_IN_ALL = 120_000;
/** Between two looks at what it does. */
const TICK = 250;

/** Milliseconds that have been waited for somebody, whatever it was asked. */
export interface Waited {
  milliseconds: number;
}

export interface Patience {
  /** Milliseconds after which it has to be asked again. */
  readonly tick: number;
  readonly isOver: () => boolean;
}

/**
 * Begins to wait for what a process does: for `milliseconds` in which it has a processor or is asleep. What a busy host keeps from it, a processor or a disk, does not count; a minute in all,
 * and two for all that the same one is asked: it could seem to be kept from it.
 * @param waited with the same one before; it grows
 */
export const patience = (
  pid: number,
  milliseconds: number,
  waited: Waited = {milliseconds: 0},
  look: () => Effort = () => effortOf(pid),
  now: () => number = () => performance.now(),
): Patience => {
  const tick = Math.min(TICK, milliseconds / 10);
  const began = now();
  let [looked, asleep] = [began, 0];
  let before: number | undefined;
  let used = 0;
  return {
    tick,
    isOver: () => {
      const passed = now() - looked;
      // Most answers come before anybody looks.
      if (passed >= tick) {
        const effort = look();
        before ??= effort.used;
        // What has ended counts no more.
        used = Math.max(used, effort.used - before);
        waited.milliseconds += passed;
        // Who has not looked for long does not know what it did meanwhile.
        if (effort.isAsleep) asleep += Math.min(passed, 2 * tick);
        looked = now();
      }
      const most = Math.max(milliseconds, MOST);
      return (
        used + asleep >= milliseconds || now() - began >= most || waited.milliseconds >= Math.max(most, MOST_IN_ALL)
      );
    },
  };
};
