import {writeFileSync} from 'node:fs';
import path from 'node:path';
import {buildImage, imageManifest} from '../helpers/image.ts';
import {floor} from './floor.ts';
import {interleave, type Measurement} from './measure.ts';
import {report} from './report.ts';
import {atMost, type Target} from './target.ts';
import type {World} from './world.ts';

const RUNS = 15;
const PODS = 1000;
const IMAGES = 300;

/** Whether starting a pod gets slower with the number of exited pods and stored images. */
export const bench = (world: World): Target[] => {
  const shown: Measurement[] = [];
  const run = (what: string): number => {
    const [base, started] = interleave(
      [floor, {name: `rkt run ${what}`, command: world.rkt('run', '--stage1=fly', world.imageId)}],
      RUNS,
    );
    if (base && started) shown.push(...(shown.length === 0 ? [base, started] : [started]));
    return (started?.wall ?? Number.NaN) / (base?.wall ?? Number.NaN);
  };
  world.call('gc', '--grace-period=0s');
  const alone = run('with 1 image and no pods');
  world.exitedPods(PODS);
  const pods = run(`with ${PODS} exited pods`);
  const start = performance.now();
  world.call('gc', '--grace-period=0s');
  const collected = (performance.now() - start) / PODS;
  for (let index = 0; index < IMAGES; index++) {
    const file = path.join(world.directory, 'small.json');
    const spec = {name: `example.com/small-${index}`, bare: true, files: {'/file': String(index)}};
    writeFileSync(file, JSON.stringify(imageManifest(spec)));
    world.call('fetch', buildImage(spec));
  }
  const images = run(`with ${IMAGES} images`);
  report(shown);
  return [
    atMost(`run with ${PODS} exited pods / without`, pods / alone, 1.1),
    atMost(`run with ${IMAGES} images / with one`, images / alone, 1.1),
    atMost('gc for each pod', collected, 10, 'ms'),
  ];
};
