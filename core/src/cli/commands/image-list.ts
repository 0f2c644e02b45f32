import {formatBytes} from '../../image/bytes.ts';
import {type IndexRow, listIndex} from '../../image/image-index.ts';
import {lastUsed} from '../../image/info.ts';
import {openStore} from '../../image/store.ts';
import {requireSight} from '../../pod/state/require-sight.ts';
import {defineCommand} from '../command.ts';
import {flagChoiceInvalid} from '../errors.ts';
import {exactly} from '../exactly.ts';
import {shortId} from '../image-argument.ts';
import {ago, fullTime} from '../times.ts';

interface Row extends IndexRow {
  readonly lastUsed: number;
}

const FIELDS = ['id', 'name', 'size', 'importtime', 'lastused'] as const;
type Field = (typeof FIELDS)[number];
const HEADERS: Readonly<Record<Field, string>> = {
  id: 'ID',
  name: 'NAME',
  size: 'SIZE',
  importtime: 'IMPORT TIME',
  lastused: 'LAST USED',
};
const SORTS: Readonly<Record<Exclude<Field, 'id'>, (a: Row, b: Row) => number>> = {
  name: (a, b) => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0),
  size: (a, b) => a.size - b.size,
  importtime: (a, b) => a.importTime - b.importTime,
  lastused: (a, b) => a.lastUsed - b.lastUsed,
};
const SORT_FIELDS = ['name', 'size', 'importtime', 'lastused'] as const;

const nameOf = ({name, labels}: Row): string => (labels.version === undefined ? name : `${name}:${labels.version}`);

const list = <F extends string>(flag: string, value: string | undefined, choices: readonly F[]): F[] =>
  (value ?? '').split(',').map((text) => {
    const choice = choices.find((known) => known === text);
    if (choice === undefined) throw flagChoiceInvalid('image list', flag, text, choices);
    return choice;
  });

export const command = defineCommand({
  name: 'image list',
  summary: 'List the images of the store',
  usage: '[flags]',
  flags: {
    fields: {type: 'string', value: 'LIST', default: FIELDS.join(','), help: `columns to show: ${FIELDS.join(', ')}`},
    full: {type: 'boolean', help: 'whole IDs, sizes in bytes, times in full'},
    'no-legend': {type: 'boolean', help: 'leave out the header'},
    order: {type: 'string', value: 'ORDER', choices: ['asc', 'desc'], default: 'asc', help: 'ascending or descending'},
    sort: {
      type: 'string',
      value: 'LIST',
      default: 'importtime',
      help: `what to sort by, the most important first: ${SORT_FIELDS.join(', ')}`,
    },
  },
  examples: [
    {command: 'rkt image list', does: 'one line for each image, the oldest first'},
    {command: 'rkt image list --sort=size --order=desc --fields=name,size', does: 'the largest first'},
  ],
  async run({dataDir, output, format}, {flags, positionals}) {
    exactly(command.name, [], positionals);
    const fields = list('fields', flags.fields, FIELDS);
    const sorts = list('sort', flags.sort, SORT_FIELDS).map((field) => SORTS[field]);
    const store = openStore(dataDir);
    requireSight(command.name, store.images);
    const rows = listIndex(store).map((row): Row => ({...row, lastUsed: lastUsed(store, row.id)}));
    const sign = flags.order === 'desc' ? -1 : 1;
    rows.sort((a, b) => sign * (sorts.map((compare) => compare(a, b)).find((order) => order !== 0) ?? 0));
    if (format !== 'text') output.value(rows.map(toJson), format);
    else {
      const now = Date.now();
      const header = flags['no-legend'] ? undefined : fields.map((field) => HEADERS[field]);
      output.table(
        header,
        rows.map((row) => fields.map((field) => cell(row, field, flags.full, now))),
      );
    }
    return 0;
  },
});

const cell = (row: Row, field: Field, full: boolean, now: number): string => {
  switch (field) {
    case 'id':
      return full ? row.id : shortId(row.id);
    case 'name':
      return nameOf(row);
    case 'size':
      return full ? String(row.size) : formatBytes(row.size);
    case 'importtime':
      return full ? fullTime(row.importTime) : ago(row.importTime, now);
    case 'lastused':
      if (row.lastUsed === 0) return 'unknown';
      return full ? fullTime(row.lastUsed) : ago(row.lastUsed, now);
    default:
      return field satisfies never;
  }
};

const NANOSECONDS = 1e6;

/** As rkt's `lib/v1`: times in nanoseconds since 1970. */
const toJson = (row: Row) => ({
  id: row.id,
  name: nameOf(row),
  import_time: row.importTime * NANOSECONDS,
  last_used_time: row.lastUsed * NANOSECONDS,
  size: row.size,
});
