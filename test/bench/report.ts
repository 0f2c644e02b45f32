import type {Measurement} from './measure.ts';
import {mib, ms, printTable, ratio} from './table.ts';

/** Prints measurements beside the floor, which is the first. */
export const report = (measurements: readonly Measurement[]): void => {
  const floor = measurements[0]?.wall ?? Number.NaN;
  printTable(
    ['', 'wall ms', 'least', 'CPU ms', 'peak MiB', '× floor', ''],
    measurements.map(({name, wall, least, cpu, peak, problem}) => [
      name,
      ms(wall),
      ms(least),
      ms(cpu),
      mib(peak),
      ratio(wall / floor),
      problem === undefined ? '' : `left out: ${problem}`,
    ]),
  );
};

export const wallOf = (measurements: readonly Measurement[], name: string): number =>
  measurements.find((measurement) => measurement.name === name)?.wall ?? Number.NaN;
