import type {Measurement} from './measure.ts';
import {mib, ms, printTable, ratio} from './table.ts';

/** Prints measurements, each beside the floor of its own run. */
export const report = (measurements: readonly Measurement[]): void => {
  printTable(
    ['', 'wall ms', 'least', 'p95', 'CPU ms', 'peak MiB', '× floor', ''],
    measurements.map(({name, wall, least, p95, cpu, base, peak, problem}) => [
      name,
      ms(wall),
      ms(least),
      ms(p95),
      ms(cpu),
      mib(peak),
      ratio(wall / base),
      problem === undefined ? '' : `left out: ${problem}`,
    ]),
  );
};

export const wallOf = (measurements: readonly Measurement[], name: string): number =>
  measurements.find((measurement) => measurement.name === name)?.wall ?? Number.NaN;
