import type {Random} from './random.ts';

/** Something that reads what a stranger wrote. */
export interface Target {
  readonly name: string;
  /**
   * Makes one input, mostly almost right, and has it read. Throws an `RktError` where it is refused; any other error is a finding, and so is a value that was accepted
   * and does not round-trip.
   */
  run(random: Random): void;
}
