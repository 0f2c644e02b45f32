import {podsOf} from '../../pod/state/layout.ts';
import {listPods} from '../../pod/state/list.ts';
import type {PodEntry} from '../../pod/state/load.ts';
import {readOomKills} from '../../pod/state/read-oom-kills.ts';
import {requireSight} from '../../pod/state/require-sight.ts';
import {viewPod} from '../../pod/state/view.ts';
import {defineCommand} from '../command.ts';
import {exactly} from '../exactly.ts';
import {ago, fullTime} from '../times.ts';

export const command = defineCommand({
  name: 'list',
  summary: 'List the pods',
  usage: '[flags]',
  flags: {
    full: {type: 'boolean', help: 'whole UUIDs, times and image IDs'},
    'no-legend': {type: 'boolean', help: 'leave out the heading'},
  },
  examples: [
    {command: 'rkt list', does: 'one line for each app of each pod'},
    {command: 'rkt list --full --no-legend', does: 'for scripts'},
    {command: 'rkt list --format=json', does: 'with mounts, labels and times in nanoseconds'},
  ],
  async run({dataDir, format, output}, {flags: {full, 'no-legend': noLegend}, positionals}) {
    exactly(command.name, [], positionals);
    requireSight(command.name, podsOf(dataDir));
    const pods = listPods(dataDir);
    if (format !== 'text') {
      output.value(
        pods.map((pod) => viewPod(pod, undefined, undefined, readOomKills(pod))),
        format,
      );
      return 0;
    }
    const kills = new Map(pods.map((pod) => [pod, readOomKills(pod) ?? 0]));
    const killed = [...kills.values()].some((count) => count > 0);
    // The columns of rkt, for scripts, and more where there is something to say.
    const named = pods.some(({summary}) => summary?.podName !== undefined);
    const header = [
      'UUID',
      'APP',
      'IMAGE NAME',
      ...(full ? ['IMAGE ID'] : []),
      'STATE',
      'CREATED',
      'STARTED',
      'NETWORKS',
      ...(named ? ['NAME'] : []),
      ...(killed ? ['OOM KILLS'] : []),
    ];
    const now = Date.now();
    const time = full ? fullTime : (milliseconds: number) => ago(milliseconds, now);
    output.table(
      noLegend ? undefined : header,
      pods.flatMap((pod) => rows(pod, {full, named, killed: killed ? kills.get(pod) : undefined}, time)),
    );
    return 0;
  },
});

const NO_APP = {name: '-', imageName: '-', imageId: '-'};
const SHORT_UUID = 8;
/** `sha512-` and twelve digits, in `--full` as well: rkt had it so, and scripts read it. JSON has all. */
const SHORT_ID = 19;

/** One row for each app; what is the pod's stands in the first. */
const rows = (
  pod: PodEntry,
  {full, named, killed}: {full: boolean; named: boolean; killed: number | undefined},
  time: (milliseconds: number) => string,
): string[][] => {
  const {uuid, state, summary, supervisor, createdAt} = pod;
  const apps = summary?.apps ?? [NO_APP];
  return apps.map((app, index) => {
    const own = (text: string): string => (index === 0 ? text : '');
    return [
      own(full ? uuid : uuid.slice(0, SHORT_UUID)),
      app.name,
      app.imageName,
      ...(full ? [app.imageId.slice(0, SHORT_ID)] : []),
      own(state),
      own(time(createdAt)),
      own(supervisor === undefined ? '' : time(supervisor.startedAt)),
      own((summary?.networks ?? []).join(', ')),
      ...(named ? [own(summary?.podName ?? '')] : []),
      ...(killed === undefined ? [] : [own(killed === 0 ? '' : String(killed))]),
    ];
  });
};
