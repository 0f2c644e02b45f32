import process from 'node:process';
import {APPC_VERSION} from '../../appc/appc-version.ts';
import {CONTRACT_VERSION} from '../../contract/flavor.ts';
import {defineCommand} from '../command.ts';
import {exactly} from '../exactly.ts';
import {rktVersion} from '../version.ts';

const ARCHITECTURES: Readonly<Record<string, string>> = {x64: 'amd64', arm64: 'arm64'};

export const command = defineCommand({
  name: 'version',
  summary: 'Print the version and exit',
  usage: '',
  description:
    'Prints the versions of rkt, of the appc specification, of the stage contract that flavors are written for, and of the runtime.',
  flags: {},
  examples: [{command: 'rkt version --format=json', does: 'the same as JSON'}],
  async run({output, format}, {positionals}) {
    exactly(command.name, [], positionals);
    const versions = {
      rkt: rktVersion(),
      appc: APPC_VERSION,
      contract: CONTRACT_VERSION,
      runtime: {version: process.version, path: process.execPath},
      os: process.platform,
      arch: ARCHITECTURES[process.arch] ?? process.arch,
    };
    if (format !== 'text') {
      output.value(versions, format);
      return 0;
    }
    output.line(`rkt Version: ${versions.rkt}`);
    output.line(`appc Version: ${versions.appc}`);
    output.line(`Contract Version: ${versions.contract}`);
    output.line(`Node Version: ${versions.runtime.version} (${versions.runtime.path})`);
    output.line(`OS/Arch: ${versions.os}/${versions.arch}`);
    return 0;
  },
});
