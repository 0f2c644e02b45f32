import {findUuid} from '../../pod/state/find.ts';
import {exportApp} from '../../pod/verbs/export.ts';
import {asRoot} from '../as-root.ts';
import {defineCommand} from '../command.ts';
import {exactly} from '../exactly.ts';

export const command = defineCommand({
  name: 'export',
  summary: 'Make an image of the files of an exited app',
  usage: '[flags] UUID OUTPUT.aci',
  description:
    'The image has the manifest of the image that the app came from, and all files as the app left them, without its volumes.',
  flags: {
    app: {type: 'string', value: 'NAME', help: 'the app to export; needed if the pod has several'},
    overwrite: {type: 'boolean', help: 'replace an existing file'},
  },
  examples: [
    {command: 'rkt export 0f5a1f3e result.aci', does: 'the only app of the pod'},
    {command: 'rkt export --app=web --overwrite 0f5a1f3e web.aci', does: 'one of several apps'},
  ],
  async run(context, {flags: {app, overwrite}, positionals}) {
    const [uuid, output] = exactly(command.name, ['UUID', 'OUTPUT.aci'], positionals);
    asRoot(context, 'export');
    const id = await exportApp(context.dataDir, findUuid(context.dataDir, uuid), app, {output, overwrite});
    if (context.format !== 'text') context.output.value({id, output}, context.format);
    return 0;
  },
});
