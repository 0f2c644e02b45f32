import {flavorOptions} from '../../stage1/choice/flavor-options.ts';
import {listFlavors} from '../../stage1/load/find.ts';
import {defineCommand} from '../command.ts';
import {exactly} from '../image-argument.ts';
import {toRktError} from '../report-error.ts';

export const command = defineCommand({
  name: 'flavor list',
  summary: 'List the installed flavors',
  usage: '',
  description: 'A flavor is what runs a pod: chosen by --stage1, by the configuration, or by default.',
  flags: {'no-legend': {type: 'boolean', help: 'leave out the heading'}},
  examples: [
    {command: 'rkt flavor list', does: 'names, versions and where they come from'},
    {command: 'rkt flavor list --format=json', does: 'the same for programs'},
  ],
  async run(context, {flags, positionals}) {
    exactly(command.name, [], positionals);
    const {output, format} = context;
    const rows = (await listFlavors(await flavorOptions(context))).map((found) => {
      if ('flavor' in found) {
        const {name, version, summary} = found.flavor.declaration;
        return {name, version, summary, source: found.source, digest: found.digest, status: 'ok'};
      }
      const {code, message} = toRktError(found.error);
      return {name: '-', version: '-', summary: message, source: found.source, status: code};
    });
    if (format !== 'text') {
      output.value(rows, format);
      return 0;
    }
    output.table(
      flags['no-legend'] ? undefined : ['NAME', 'VERSION', 'SUMMARY', 'SOURCE', 'STATUS'],
      rows.map(({name, version, summary, source, status}) => [name, version, summary, source, status]),
    );
    return 0;
  },
});
