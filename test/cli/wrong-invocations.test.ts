import {execFileSync} from 'node:child_process';
import {mkdirSync, symlinkSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {commands} from '../../core/src/cli/commands.ts';
import {globalFlags} from '../../core/src/cli/globals.ts';
import {asNobody} from '../helpers/as-nobody.ts';
import {openHost, type Started} from '../helpers/host.ts';
import {buildImage} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {type Test, testIf} from '../helpers/skip.ts';

/* What people type wrong: each is one sentence with a code and a hint that is true, ends with 254, and shows no stack. */

const host = openHost();
const kernelTest = testIf(lacksPods());
const at = (name: string) => path.join(host.directory, name);
const LONG = 'x'.repeat(300);
let running: Started | undefined;

/** Words that stand for what the tests have made. */
const WORDS: Record<string, () => string> = {
  ACI: () => buildImage(),
  BIG: () => at('big'),
  DIR: () => at('a-directory'),
  EXITED: () => exited,
  FILE: () => at('a-file'),
  LOOP: () => at('loop'),
  NULL: () => at('null'),
  PREPARED: () => prepared,
  RUNNING: () => running?.uuid ?? '',
  WAITING: () => waiting,
};
let prepared = '';
/** Prepared to the end. */
let waiting = '';
let exited = '';

test.before(async () => {
  if (lacksPods() !== undefined) return;
  mkdirSync(at('a-directory'));
  mkdirSync(at('conf/paths.d'), {recursive: true});
  writeFileSync(at('conf/paths.d/a.json'), '{"rktVersion": "v1", "rktKind": "paths", "dta": "/x"}');
  writeFileSync(at('a-file'), 'text\n');
  writeFileSync(at('big'), Buffer.alloc(2 << 20));
  symlinkSync('loop', at('loop'));
  // A copy of /dev/null: what goes wrong here is not to go wrong for the whole host.
  execFileSync('mknod', [at('null'), 'c', '1', '3']);
  await host.fetch();
  const make = async () =>
    (await host.rkt(['prepare', '--stage1=fly', 'example.com/test', '--exec=/bin/true'])).stdout.trim();
  [prepared, waiting, exited] = [await make(), await make(), await make()];
  await host.rkt(['run-prepared', exited]);
  running = await host.start('echo ready; cat', {stage1: 'fly'});
});
test.after.always(async () => {
  await running?.end();
  await host.close();
});

/** What was typed, and the code; other exit codes are rkt's own. */
const CASES: readonly (readonly [typed: string, code: string, exitCode?: number])[] = [
  // Commands.
  ['', 'RKT_COMMAND_MISSING', 2],
  ['image', 'RKT_COMMAND_MISSING', 2],
  ['ps', 'RKT_COMMAND_UNKNOWN'],
  ['images', 'RKT_COMMAND_UNKNOWN'],
  ['exec RUNNING ls', 'RKT_COMMAND_UNKNOWN'],
  ['kill RUNNING', 'RKT_COMMAND_UNKNOWN'],
  ['inspect RUNNING', 'RKT_COMMAND_UNKNOWN'],
  ['pull example.com/test', 'RKT_COMMAND_UNKNOWN'],
  ['image ls', 'RKT_COMMAND_UNKNOWN'],
  ['trust --root', 'RKT_COMMAND_UNKNOWN'],
  ['trust key.pub', 'RKT_COMMAND_UNKNOWN'],
  ['app list PREPARED', 'RKT_COMMAND_UNKNOWN'],
  ['attach PREPARED', 'RKT_COMMAND_UNKNOWN'],
  ['api-service', 'RKT_COMMAND_UNKNOWN'],
  ['metadata-service', 'RKT_COMMAND_UNKNOWN'],
  ['help nonsense', 'RKT_COMMAND_UNKNOWN'],
  ['completion tcsh', 'RKT_SHELL_UNKNOWN'],
  ['completion', 'RKT_ARGUMENT_MISSING'],
  ['im', 'RKT_COMMAND_MISSING', 2],
  ['co', 'RKT_COMMAND_AMBIGUOUS'],
  // Flags.
  ['list --nonsense', 'RKT_FLAG_UNKNOWN'],
  ['--nonsense list', 'RKT_FLAG_UNKNOWN'],
  ['list --full=perhaps', 'RKT_FLAG_BOOLEAN_INVALID'],
  ['list --format=xml', 'RKT_FLAG_CHOICE_INVALID'],
  ['list --format', 'RKT_FLAG_VALUE_MISSING'],
  ['list extra', 'RKT_ARGUMENT_UNEXPECTED'],
  ['run -it example.com/test', 'RKT_FLAG_UNKNOWN'],
  ['run -d example.com/test', 'RKT_FLAG_UNKNOWN'],
  ['run -v /a:/b example.com/test', 'RKT_FLAG_UNKNOWN'],
  ['run -p 80:80 example.com/test', 'RKT_FLAG_UNKNOWN'],
  ['run -e A=b example.com/test', 'RKT_FLAG_UNKNOWN'],
  ['run --env=A=b example.com/test', 'RKT_FLAG_UNKNOWN'],
  ['run --entrypoint=/bin/sh example.com/test', 'RKT_FLAG_UNKNOWN'],
  ['run example.com/test --cap-add=CAP_KILL', 'RKT_FLAG_UNKNOWN'],
  ['run example.com/test --read-only', 'RKT_FLAG_UNKNOWN'],
  ['enter -it RUNNING', 'RKT_FLAG_UNKNOWN'],
  ['run example.com/test ls', 'RKT_IMAGE_NOT_FOUND'],
  ['run example.com/test ls -l', 'RKT_FLAG_UNKNOWN'],
  ['run example.com/test /bin/nothing', 'RKT_IMAGE_FILE_UNUSABLE'],
  ['run --insecure-options=imgae example.com/test', 'RKT_FLAG_VALUE_INVALID'],
  ['--insecure-options= list', 'RKT_FLAG_VALUE_INVALID'],
  ['--dir= list', 'RKT_FLAG_VALUE_INVALID'],
  ['run --stage1= example.com/test', 'RKT_FLAG_VALUE_INVALID'],
  ['run --hostname= example.com/test', 'RKT_FLAG_VALUE_INVALID'],
  ['run --dns-domain= example.com/test', 'RKT_FLAG_VALUE_INVALID'],
  ['run --uuid-file-save= example.com/test', 'RKT_FLAG_VALUE_INVALID'],
  ['run --net= example.com/test', 'RKT_FLAG_VALUE_INVALID'],
  ['run --pod-name= example.com/test', 'RKT_FLAG_VALUE_INVALID'],
  ['run --pod-name=beef example.com/test', 'RKT_FLAG_VALUE_INVALID'],
  ['run --pod-name=a/b example.com/test', 'RKT_FLAG_VALUE_INVALID'],
  ['run example.com/test --exec=', 'RKT_FLAG_VALUE_INVALID'],
  ['run example.com/test --memory=lots', 'RKT_FLAG_VALUE_INVALID'],
  ['run example.com/test --memory=1', 'RKT_FLAG_VALUE_INVALID'],
  ['run example.com/test --cpu=-1', 'RKT_FLAG_VALUE_INVALID'],
  ['run example.com/test --user=', 'RKT_FLAG_VALUE_INVALID'],
  ['run example.com/test --name=Web', 'RKT_FLAG_VALUE_INVALID'],
  ['run example.com/test --name=a --name=b', 'RKT_FLAG_REPEATED'],
  ['run example.com/test --caps-retain=CAP_NONE', 'RKT_FLAG_VALUE_INVALID'],
  ['run example.com/test --caps-retain=CAP_KILL --caps-remove=CAP_KILL', 'RKT_FLAG_CONFLICT'],
  ['run example.com/test --rlimit=files=1', 'RKT_FLAG_VALUE_INVALID'],
  ['run example.com/test --seccomp=read', 'RKT_FLAG_VALUE_INVALID'],
  ['run example.com/test --mount=volume=data,target=/data', 'RKT_FLAG_VALUE_INVALID'],
  ['run --volume=data example.com/test', 'RKT_FLAG_VALUE_INVALID'],
  ['run --volume=data,kind=host,source=/nowhere example.com/test', 'RKT_VOLUME_SOURCE_MISSING'],
  ['run --volume=data,kind=host,source=/ example.com/test', 'RKT_VOLUME_SOURCE_ROOT'],
  ['run --volume=data,kind=host,source=LOOP example.com/test', 'RKT_VOLUME_SOURCE_SYMLINK'],
  [`run --volume=data,kind=host,source=/${LONG} example.com/test`, 'RKT_VOLUME_SOURCE_UNUSABLE'],
  ['run --port=http example.com/test', 'RKT_FLAG_VALUE_INVALID'],
  ['run --exec=/bin/sh example.com/test', 'RKT_FLAG_IMAGE_FIRST'],
  ['run', 'RKT_IMAGE_MISSING'],
  ['run -- a', 'RKT_APP_ARGUMENTS_MISPLACED'],
  ['run --interactive example.com/test example.com/test --name=other', 'RKT_POD_INTERACTIVE_SEVERAL'],
  ['run --set-env-file=/nowhere example.com/test', 'RKT_FLAG_FILE_UNUSABLE'],
  ['run --set-env-file=DIR example.com/test', 'RKT_FLAG_FILE_UNUSABLE'],
  ['run --set-env-file=FILE example.com/test', 'RKT_FLAG_FILE_UNUSABLE'],
  ['run --set-env-file=LOOP example.com/test', 'RKT_FLAG_FILE_UNUSABLE'],
  ['run --pod-manifest=/nowhere', 'RKT_FLAG_FILE_UNUSABLE'],
  ['run --pod-manifest=DIR', 'RKT_FLAG_FILE_UNUSABLE'],
  ['run --pod-manifest=BIG', 'RKT_FLAG_FILE_UNUSABLE'],
  ['run --pod-manifest=FILE', 'RKT_POD_MANIFEST_INVALID'],
  ['run --pod-manifest=FILE example.com/test', 'RKT_FLAG_CONFLICT'],
  ['run --allow-degraded=all example.com/test', 'RKT_FLAG_VALUE_INVALID'],
  ['plan --stage1=fly --allow-degraded=os/unix/sysclt example.com/test', 'RKT_DEGRADED_UNKNOWN'],
  ['run --accept-image=nonsense example.com/test', 'RKT_FLAG_VALUE_INVALID'],
  ['run --stage1=nspwan example.com/test', 'RKT_FLAVOR_NOT_FOUND'],
  ['run --stage1=kvm example.com/test', 'RKT_STAGE1_IMAGE_MISSING'],
  ['run --stage1=/nowhere example.com/test', 'RKT_FLAVOR_NOT_FOUND'],
  ['run --stage1=DIR example.com/test', 'RKT_FLAVOR_NOT_FOUND'],
  ['run --stage1=FILE example.com/test', 'RKT_FLAVOR_LOAD_FAILED'],
  ['run --stage1=fly --stage1-name=x example.com/test', 'RKT_FLAG_CONFLICT'],
  ['run --stage1=fly --hostname=web example.com/test', 'RKT_FLAVOR_CANNOT'],
  ['run --stage1=fly --dns=nonsense example.com/test', 'RKT_POD_DNS_INVALID'],
  ['run --stage1=fly --hosts-entry=1.2.3.4 example.com/test', 'RKT_POD_DNS_INVALID'],
  ['run --stage1=fly --uuid-file-save=NULL example.com/test', 'RKT_UUID_FILE_UNWRITABLE'],
  ['run --stage1=fly --uuid-file-save=LOOP example.com/test', 'RKT_UUID_FILE_UNWRITABLE'],
  ['status --receipt=NULL PREPARED', 'RKT_RECEIPT_UNWRITABLE'],
  ['status --receipt=LOOP PREPARED', 'RKT_RECEIPT_UNWRITABLE'],
  ['run --stage1=fly --mds-register example.com/test', 'RKT_POD_METADATA_UNAVAILABLE'],
  ['--trust-keys-from-https list', 'RKT_FLAG_UNSUPPORTED'],
  ['config --user-config=FILE', 'RKT_CONFIG_DIRECTORY_UNREADABLE'],
  [`--user-config=${at('conf')} config`, 'RKT_CONFIG_FIELD_UNKNOWN'],
  ['gc --grace-period=soon', 'RKT_FLAG_VALUE_INVALID'],
  // Images.
  ['fetch', 'RKT_ARGUMENT_MISSING'],
  ['fetch example.com/none', 'RKT_IMAGE_NOT_FOUND'],
  ['fetch none.aci', 'RKT_IMAGE_NOT_FOUND'],
  ['fetch ./none.aci', 'RKT_IMAGE_FILE_UNUSABLE'],
  ['fetch DIR', 'RKT_IMAGE_REFERENCE_INVALID'],
  ['fetch LOOP', 'RKT_IMAGE_FILE_UNUSABLE'],
  ['fetch FILE/image.aci', 'RKT_IMAGE_FILE_UNUSABLE'],
  [`fetch ./${LONG}.aci`, 'RKT_IMAGE_FILE_UNUSABLE'],
  [`fetch ${LONG}.aci`, 'RKT_IMAGE_NOT_FOUND'],
  ['fetch ACI', 'RKT_IMAGE_UNSIGNED'],
  ['fetch ACI --signature=/nonexist', 'RKT_IMAGE_SIGNATURE_UNSUPPORTED'],
  ['--insecure-options=image fetch example.com/test --signature=/nonexist', 'RKT_IMAGE_SIGNATURE_UNSUPPORTED'],
  ['--insecure-options=image run ACI --signature=/nonexist', 'RKT_IMAGE_SIGNATURE_UNSUPPORTED'],
  ['plan example.com/test --signature=/nonexist', 'RKT_IMAGE_SIGNATURE_UNSUPPORTED'],
  ['--insecure-options=image fetch FILE', 'RKT_IMAGE_TRUNCATED'],
  ['fetch docker://busybox', 'RKT_IMAGE_SOURCE_UNSUPPORTED'],
  ['fetch https://example.com/web.aci', 'RKT_IMAGE_SOURCE_UNSUPPORTED'],
  ['fetch sha512-x', 'RKT_IMAGE_REFERENCE_INVALID'],
  ['fetch sha512-00000000000000000000000000000000', 'RKT_IMAGE_NOT_FOUND'],
  ['fetch Example.com', 'RKT_IMAGE_REFERENCE_INVALID'],
  ['plan ./none.aci', 'RKT_IMAGE_FILE_UNUSABLE'],
  ['plan DIR', 'RKT_IMAGE_REFERENCE_INVALID'],
  ['plan example.com/none', 'RKT_IMAGE_NOT_FOUND'],
  ['image rm', 'RKT_ARGUMENT_MISSING'],
  ['image rm example.com/none', 'RKT_IMAGE_NOT_FOUND'],
  ['image rm example.com/test', 'RKT_IMAGE_IN_USE'],
  ['image rm FILE', 'RKT_IMAGE_REFERENCE_INVALID'],
  ['image list --sort=colour', 'RKT_FLAG_CHOICE_INVALID'],
  ['image list --fields=', 'RKT_FLAG_VALUE_INVALID'],
  ['image cat-manifest example.com/none', 'RKT_IMAGE_NOT_FOUND'],
  ['image export example.com/test', 'RKT_ARGUMENT_MISSING'],
  ['image export example.com/test /nowhere/x.aci', 'RKT_IMAGE_OUTPUT_UNUSABLE'],
  ['image export example.com/test FILE', 'RKT_IMAGE_OUTPUT_EXISTS'],
  ['image export example.com/test FILE/x.aci', 'RKT_IMAGE_OUTPUT_UNUSABLE'],
  ['image export example.com/test DIR', 'RKT_IMAGE_OUTPUT_UNUSABLE'],
  ['image export --overwrite example.com/test DIR', 'RKT_IMAGE_OUTPUT_UNUSABLE'],
  ['image export --overwrite example.com/test /dev/null', 'RKT_IMAGE_OUTPUT_UNUSABLE'],
  [`image export example.com/test ${LONG}`, 'RKT_IMAGE_OUTPUT_UNUSABLE'],
  ['image export example.com/test LOOP', 'RKT_IMAGE_OUTPUT_UNUSABLE'],
  ['image export example.com/test /proc/x.aci', 'RKT_IMAGE_OUTPUT_UNUSABLE'],
  ['image extract example.com/test /nowhere/x', 'RKT_IMAGE_OUTPUT_UNUSABLE'],
  ['image extract example.com/test DIR', 'RKT_IMAGE_OUTPUT_EXISTS'],
  ['image extract --overwrite example.com/test FILE', 'RKT_IMAGE_OUTPUT_UNUSABLE'],
  ['image render example.com/test FILE/x', 'RKT_IMAGE_OUTPUT_UNUSABLE'],
  [`image render example.com/test ${LONG}`, 'RKT_IMAGE_OUTPUT_UNUSABLE'],
  ['image verify example.com/none', 'RKT_IMAGE_NOT_FOUND'],
  ['image verify --rebuild example.com/test', 'RKT_FLAG_CONFLICT'],
  ['image build', 'RKT_ARGUMENT_MISSING'],
  ['image build DIR', 'RKT_ARGUMENT_MISSING'],
  ['image build /nowhere --name=example.com/x -o x.aci', 'RKT_IMAGE_BUILD_INVALID'],
  ['image build FILE --name=example.com/x -o x.aci', 'RKT_IMAGE_BUILD_INVALID'],
  ['image build LOOP --name=example.com/x -o x.aci', 'RKT_IMAGE_BUILD_INVALID'],
  ['image build DIR --name=example.com/x -o x.tar', 'RKT_IMAGE_BUILD_INVALID'],
  ['image build DIR --name=example.com/x -o /nowhere/x.aci', 'RKT_IMAGE_OUTPUT_UNUSABLE'],
  ['image build DIR --name=example.com/x -o /proc/x.aci', 'RKT_IMAGE_OUTPUT_UNUSABLE'],
  ['image build DIR --name=Example -o x.aci', 'RKT_IMAGE_MANIFEST_INVALID'],
  ['image build DIR --name=example.com/x --exec= -o x.aci', 'RKT_FLAG_VALUE_INVALID'],
  ['image build DIR --manifest=/nowhere -o x.aci', 'RKT_FLAG_FILE_UNUSABLE'],
  ['image build DIR --manifest=DIR -o x.aci', 'RKT_FLAG_FILE_UNUSABLE'],
  ['image build DIR --manifest=BIG -o x.aci', 'RKT_FLAG_FILE_UNUSABLE'],
  ['image build DIR --manifest=FILE --name=x -o x.aci', 'RKT_FLAG_CONFLICT'],
  ['image build --from-host nosuchprogram --name=example.com/x -o x.aci', 'RKT_IMAGE_PROGRAM_NOT_FOUND'],
  ['image build --from-host', 'RKT_ARGUMENT_MISSING'],
  ['image build --from-host FILE --name=example.com/x -o x.aci', 'RKT_IMAGE_BUILD_INVALID'],
  ['image build --from-host / --name=example.com/x -o x.aci', 'RKT_IMAGE_BUILD_INVALID'],
  ['image build --from-host sh --add=DIR --name=example.com/x -o x.aci', 'RKT_FLAG_VALUE_INVALID'],
  ['image build --from-host sh --add=DIR:relative --name=example.com/x -o x.aci', 'RKT_FLAG_VALUE_INVALID'],
  ['image build --from-host sh --add=/nowhere:/x --name=example.com/x -o x.aci', 'RKT_IMAGE_BUILD_INVALID'],
  ['image build --from-host sh --add=LOOP:/x --name=example.com/x -o x.aci', 'RKT_IMAGE_BUILD_INVALID'],
  ['image build --from-host sh --add=FILE:/ --name=example.com/x -o x.aci', 'RKT_IMAGE_BUILD_INVALID'],
  ['image build --from-host sh --add=FILE:/bin/sh/x --name=example.com/x -o x.aci', 'RKT_IMAGE_BUILD_INVALID'],
  [`image build --from-host sh --add=FILE:/${LONG} --name=example.com/x -o x.aci`, 'RKT_IMAGE_BUILD_INVALID'],
  ['image build DIR --add=FILE:/x --name=example.com/x -o x.aci', 'RKT_FLAG_CONFLICT'],
  ['image build DIR DIR --name=example.com/x -o x.aci', 'RKT_ARGUMENT_UNEXPECTED'],
  ['image build DIR --name=example.com/x --label=x -o x.aci', 'RKT_IMAGE_BUILD_INVALID'],
  ['image verify FILE', 'RKT_IMAGE_REFERENCE_INVALID'],
  ['image verify --rebuild=perhaps', 'RKT_FLAG_BOOLEAN_INVALID'],
  ['image gc extra', 'RKT_ARGUMENT_UNEXPECTED'],
  ['run example.com/test --restart=sometimes', 'RKT_FLAG_CHOICE_INVALID'],
  ['run --log-size=1 example.com/test', 'RKT_FLAG_VALUE_INVALID'],
  ['flavor show nonsense', 'RKT_FLAVOR_NOT_FOUND'],
  ['flavor show nspwan', 'RKT_FLAVOR_NOT_FOUND'],
  ['flavor doctor --prove nonsense', 'RKT_FLAVOR_NOT_FOUND'],
  ['flavor test', 'RKT_ARGUMENT_MISSING'],
  ['flavor test fly nspawn', 'RKT_ARGUMENT_UNEXPECTED'],
  ['flavor test nonsense', 'RKT_FLAVOR_NOT_FOUND'],
  ['flavor test --case=EX-0 fly', 'RKT_KIT_CASE_UNKNOWN'],
  ['flavor test --match=none* fly', 'RKT_KIT_CASE_UNKNOWN'],
  ['flavor build fly -o x.aci', 'RKT_FLAVOR_TAKES_NO_IMAGE'],
  ['flavor build nspawn', 'RKT_ARGUMENT_MISSING'],
  ['flavor', 'RKT_COMMAND_MISSING', 2],
  ['flavor list extra', 'RKT_ARGUMENT_UNEXPECTED'],
  ['flavor show', 'RKT_ARGUMENT_MISSING'],
  ['flavor show fly nspawn', 'RKT_ARGUMENT_UNEXPECTED'],
  ['flavor use', 'RKT_ARGUMENT_MISSING'],
  ['flavor use fly nspawn', 'RKT_ARGUMENT_UNEXPECTED'],
  ['flavor use nspwan', 'RKT_FLAVOR_NOT_FOUND'],
  ['flavor use --canary=ten fly', 'RKT_FLAG_VALUE_INVALID'],
  ['flavor use --rollback --canary=1%', 'RKT_FLAG_CONFLICT'],
  ['flavor use --rollback', 'RKT_FLAVOR_USE_NOTHING'],
  ['flavor new', 'RKT_ARGUMENT_MISSING'],
  ['flavor new Mine', 'RKT_FLAVOR_NAME_INVALID'],
  ['flavor new ../mine', 'RKT_FLAVOR_NAME_INVALID'],
  [`flavor new ${LONG}`, 'RKT_FLAVOR_NAME_INVALID'],
  ['flavor new a-directory', 'RKT_FLAVOR_DIRECTORY_EXISTS'],
  ['flavor new loop', 'RKT_FLAVOR_DIRECTORY_EXISTS'],
  ['flavor new mine extra', 'RKT_ARGUMENT_UNEXPECTED'],
  ['flavor build', 'RKT_ARGUMENT_MISSING'],
  ['flavor build nonsense -o x.aci', 'RKT_FLAVOR_NOT_FOUND'],
  ['flavor build DIR -o x.aci', 'RKT_FLAVOR_NOT_FOUND'],
  ['flavor build FILE -o x.aci', 'RKT_FLAVOR_LOAD_FAILED'],
  ['flavor build nspawn fly -o x.aci', 'RKT_ARGUMENT_UNEXPECTED'],
  ['flavor build nspawn --compression=lzma -o x.aci', 'RKT_FLAG_CHOICE_INVALID'],
  ['flavor build kvm kvm', 'RKT_ARGUMENT_UNEXPECTED'],
  ['flavor build kvm --kernel=6.1', 'RKT_FLAG_VALUE_INVALID'],
  ['flavor build kvm --kernel=', 'RKT_FLAG_VALUE_INVALID'],
  ['flavor build kvm --kernel=/nowhere', 'RKT_GUEST_KERNEL_UNUSABLE'],
  ['flavor build kvm --kernel=DIR', 'RKT_GUEST_KERNEL_UNUSABLE'],
  ['flavor build kvm --initramfs=/nowhere', 'RKT_GUEST_KERNEL_UNUSABLE'],
  ['flavor build nspawn --kernel=small -o x.aci', 'RKT_FLAG_VALUE_INVALID'],
  ['flavor test FILE', 'RKT_FLAVOR_LOAD_FAILED'],
  ['flavor test LOOP', 'RKT_FLAVOR_NOT_FOUND'],
  ['flavor test kvm', 'RKT_STAGE1_IMAGE_MISSING'],
  ['flavor test --format=xml fly', 'RKT_FLAG_CHOICE_INVALID'],
  ['flavor test --case= fly', 'RKT_FLAG_VALUE_INVALID'],
  ['flavor test --list --case=EX-0 fly', 'RKT_KIT_CASE_UNKNOWN'],
  ['flavor doctor nspwan', 'RKT_FLAVOR_NOT_FOUND'],
  ['doctor --stage1=nspwan', 'RKT_FLAVOR_NOT_FOUND'],
  ['flavor doctor FILE', 'RKT_FLAVOR_LOAD_FAILED'],
  ['flavor doctor example.com/none', 'RKT_FLAVOR_NOT_FOUND'],
  ['flavor doctor --prove kvm', 'RKT_STAGE1_IMAGE_MISSING'],
  ['flavor doctor --prove=perhaps fly', 'RKT_FLAG_BOOLEAN_INVALID'],
  ['version extra', 'RKT_ARGUMENT_UNEXPECTED'],
  ['config extra', 'RKT_ARGUMENT_UNEXPECTED'],
  // Pods.
  ['status', 'RKT_ARGUMENT_MISSING'],
  ['status ffffffff', 'RKT_POD_UNKNOWN'],
  ['status no-such-name', 'RKT_POD_UNKNOWN'],
  ['status A/B', 'RKT_POD_UUID_INVALID'],
  ['status PREPARED extra', 'RKT_ARGUMENT_UNEXPECTED'],
  ['status --verify EXITED', 'RKT_POD_STATE'],
  ['status --wait=soon PREPARED', 'RKT_FLAG_VALUE_INVALID'],
  ['status --wait=10ms PREPARED', 'RKT_WAIT_EXPIRED'],
  ['status --uuid-file=/nowhere', 'RKT_UUID_FILE_UNUSABLE', 1],
  ['cat-manifest --uuid-file=DIR', 'RKT_UUID_FILE_UNUSABLE'],
  ['cat-manifest --uuid-file=LOOP', 'RKT_UUID_FILE_UNUSABLE'],
  ['enter --uuid-file=/nowhere', 'RKT_UUID_FILE_UNUSABLE'],
  ['enter', 'RKT_ARGUMENT_MISSING'],
  ['enter PREPARED', 'RKT_POD_STATE'],
  ['enter RUNNING --app=test', 'RKT_FLAG_MISPLACED'],
  ['enter RUNNING -it sh', 'RKT_FLAG_MISPLACED'],
  ['enter RUNNING nosuchprogram', 'RKT_EXEC_NOT_FOUND', 127],
  ['enter --app=none RUNNING', 'RKT_POD_APP_UNKNOWN'],
  ['stop PREPARED', 'RKT_POD_STATE'],
  ['stop --all PREPARED', 'RKT_FLAG_CONFLICT'],
  ['rm RUNNING', 'RKT_POD_STATE'],
  ['rm --all RUNNING', 'RKT_FLAG_CONFLICT'],
  ['rm', 'RKT_ARGUMENT_MISSING'],
  ['logs RUNNING', 'RKT_POD_LOG_NOT_KEPT'],
  ['logs --tail=many RUNNING', 'RKT_FLAG_VALUE_INVALID'],
  ['logs --since=once RUNNING', 'RKT_FLAG_VALUE_INVALID'],
  ['export RUNNING x.aci', 'RKT_POD_STATE'],
  ['export EXITED x.tar', 'RKT_IMAGE_BUILD_INVALID'],
  ['export EXITED /nowhere/x.aci', 'RKT_IMAGE_OUTPUT_UNUSABLE'],
  ['export --app=none EXITED x.aci', 'RKT_POD_APP_UNKNOWN'],
  ['run-prepared RUNNING', 'RKT_POD_STATE'],
  ['run-prepared --stage1=nspwan PREPARED', 'RKT_FLAVOR_NOT_FOUND'],
  ['prepare --hostname=web example.com/test', 'RKT_FLAG_TOO_EARLY'],
  ['prepare example.com/test --interactive', 'RKT_FLAG_TOO_EARLY'],
  ['run-prepared --uuid-file-save=/nowhere/uuid PREPARED', 'RKT_UUID_FILE_UNWRITABLE'],
  ['run --stage1=fly --uuid-file-save=/nowhere/uuid example.com/test', 'RKT_UUID_FILE_UNWRITABLE'],
  ['run --stage1=fly --uuid-file-save=DIR example.com/test', 'RKT_UUID_FILE_UNWRITABLE'],
  [`run --stage1=fly --uuid-file-save=${LONG} example.com/test`, 'RKT_UUID_FILE_UNWRITABLE'],
  ['run --stage1=fly --uuid-file-save=FILE/uuid example.com/test', 'RKT_UUID_FILE_UNWRITABLE'],
  ['run --stage1=fly example.com/test --exec=nosuchprogram', 'RKT_EXEC_NOT_FOUND', 127],
  ['run --stage1=fly example.com/test --working-dir=/nowhere', 'RKT_WORKING_DIRECTORY_MISSING'],
  ['run --stage1=fly example.com/test --user=nosuchuser', 'RKT_USER_UNKNOWN'],
  // The data directory.
  ['--dir=FILE list', 'RKT_DATA_DIRECTORY_UNUSABLE'],
  ['--dir=FILE/x list', 'RKT_DATA_DIRECTORY_UNUSABLE'],
  ['--dir=LOOP list', 'RKT_DATA_DIRECTORY_UNUSABLE'],
  [`--dir=${LONG} list`, 'RKT_DATA_DIRECTORY_UNUSABLE'],
  ['--dir=FILE --insecure-options=image fetch ACI', 'RKT_DATA_DIRECTORY_UNUSABLE'],
  ['--dir=/proc/x --insecure-options=image fetch ACI', 'RKT_DATA_DIRECTORY_UNUSABLE'],
  ['--dir=/proc/x --insecure-options=image run ACI', 'RKT_DATA_DIRECTORY_UNUSABLE'],
  ['--cpuprofile=/nowhere/x version', 'RKT_FLAG_FILE_UNUSABLE'],
  ['--memprofile=/nowhere/x version', 'RKT_FLAG_FILE_UNUSABLE'],
];

const argv = (typed: string): string[] =>
  typed
    .split(' ')
    .filter((word) => word !== '')
    .map((word) =>
      word.replace(
        /\b(ACI|BIG|DIR|EXITED|FILE|LOOP|NULL|PREPARED|RUNNING|WAITING)\b/,
        (name) => WORDS[name]?.() ?? name,
      ),
    );

/** The flags that a hint names must be the command's, or those of the command that it names. */
const checkHint = async (t: Test, hint: string, command: string) => {
  for (const part of hint.split(/(?=\brkt [a-z])/)) {
    const words = /^rkt ((?:[a-z-]+ ?)+)/.exec(part)?.[1]?.trim().split(' ') ?? [];
    const named = [words.slice(0, 2).join(' '), words[0] ?? ''].find((name) => Object.hasOwn(commands, name));
    if (/^rkt [a-z]/.test(part) && words[0] !== 'help')
      t.truthy(named ?? /^rkt (run|image|flavor) /.exec(part), `"${part}" names no command`);
    const entry = commands[named ?? command];
    const flags = {...globalFlags, ...((await entry?.load())?.command.flags ?? {})};
    for (const [, flag = ''] of part.matchAll(/(?<![\w-])--([a-z][a-z0-9-]+)/g))
      t.true(Object.hasOwn(flags, flag), `${named ?? command} has no --${flag}: ${hint}`);
  }
};

const check = async (t: Test, typed: string, stderr: string, code: string) => {
  const lines = stderr.trimEnd().split('\n');
  t.deepEqual(
    lines.filter((line) => line.startsWith('code: ')),
    [`code: ${code}`],
    `${typed}: ${stderr}`,
  );
  const [, command = '', sentence = ''] = /^rkt ?([^:]*): (.+)$/.exec(lines[0] ?? '') ?? [];
  t.true(sentence.length > 0, stderr);
  t.notRegex(stderr, /^ +at |internal error/m, stderr);
  t.notRegex(lines[0] ?? '', /\bE[A-Z]{3,}\b/);
  // Names of files may be long; nothing else is.
  t.true((lines[0] ?? '').replaceAll(/x{200,}|\/\S{60,}/g, '').length < 400, stderr);
  const hint = lines.find((line) => line.startsWith('hint: '));
  t.truthy(hint, stderr);
  await checkHint(t, hint ?? '', command);
};

for (const [typed, code, exitCode = 254] of CASES)
  kernelTest(`rkt ${typed.replaceAll(LONG, 'LONG').replaceAll(host.directory, '')}`, async (t) => {
    const {stdout, stderr, exitCode: ended} = await host.rkt(argv(typed));
    await check(t, typed, stderr, code);
    t.is(stdout, '');
    t.is(ended, exitCode, stderr);
  });

/** Where a hint leads. */
for (const [typed, to] of [
  ['enter WAITING', 'rkt run-prepared WAITING'],
  ['stop WAITING', 'rkt rm WAITING'],
  ['export RUNNING x.aci', 'rkt stop RUNNING'],
  ['logs WAITING', 'rkt run-prepared WAITING'],
  ['run --stage1=fly --net example.com/test', '--net=host'],
  ['enter RUNNING --app=test', 'rkt enter --app=test RUNNING'],
  ['prepare --hostname=web example.com/test', 'rkt run-prepared --hostname UUID'],
  ['run --stage1=fly example.com/test --exec=echo\thello', 'IMAGE --exec=PROGRAM -- ARGS…'],
] as const)
  kernelTest(`the hint of rkt ${JSON.stringify(typed)} leads to ${to}`, async (t) => {
    const {error} = await host.rkt(['--format=json', ...argv(typed)]);
    t.true(error?.hint?.includes(argv(to).join(' ')), error?.hint);
  });

kernelTest('there are at least a hundred of them, and none twice', (t) => {
  t.true(CASES.length >= 100);
  t.is(new Set(CASES.map(([typed]) => typed)).size, CASES.length);
});

/** Mounts a small or read-only file system on a directory of its own, for one command alone. */
const onTmpfs = (options: string): string[] => {
  const place = at(`tmpfs-${options.replaceAll(/\W/g, '-')}`);
  mkdirSync(place, {recursive: true});
  const script = `mount -t tmpfs -o mode=755,${options} tmpfs "$1" && cd "$1" && shift && exec "$@"`;
  return ['/usr/bin/unshare', '--mount', '--propagation=private', '/bin/sh', '-c', script, 'sh', place];
};

for (const [what, options, typed, code] of [
  ['full', 'size=16k', 'image export example.com/test PLACE/x.aci', 'RKT_NO_SPACE'],
  ['full', 'size=16k', 'image render example.com/test PLACE/x', 'RKT_NO_SPACE|RKT_IMAGE_EXTRACTION_FAILED'],
  ['full', 'size=16k', 'image extract example.com/test PLACE/x', 'RKT_NO_SPACE|RKT_IMAGE_EXTRACTION_FAILED'],
  ['full', 'size=16k', 'export EXITED PLACE/x.aci', 'RKT_NO_SPACE'],
  ['full', 'size=16k', 'image build --from-host sh --name=example.com/x -o PLACE/x.aci', 'RKT_NO_SPACE'],
  ['full', 'size=16k', '--memprofile=PLACE/x version', 'RKT_NO_SPACE'],
  ['full', 'size=16k', 'TMPDIR=PLACE image build --from-host sh --name=example.com/x -o DIR/x.aci', 'RKT_NO_SPACE'],
  [
    'read-only',
    'ro',
    'TMPDIR=PLACE image build --from-host sh --name=example.com/x -o DIR/x.aci',
    'RKT_SCRATCH_UNUSABLE',
  ],
  ['read-only', 'ro', 'TMPDIR=PLACE flavor test fly', 'RKT_SCRATCH_UNUSABLE'],
  ['read-only', 'ro', 'TMPDIR=PLACE/none flavor doctor --prove fly', 'RKT_SCRATCH_UNUSABLE'],
  ['read-only', 'ro', 'flavor new mine', 'RKT_PATH_UNUSABLE'],
  ['read-only', 'ro', 'flavor build nspawn -o PLACE/x.aci', 'RKT_IMAGE_OUTPUT_UNUSABLE'],
  ['read-only', 'ro', '--cpuprofile=PLACE/x version', 'RKT_FLAG_FILE_UNUSABLE'],
  ['read-only', 'ro', '--dir=PLACE --insecure-options=image prepare --stage1=fly ACI', 'RKT_DATA_DIRECTORY_UNUSABLE'],
  [
    'full',
    'size=64k',
    '--dir=PLACE/data --insecure-options=image fetch ACI',
    'RKT_NO_SPACE|RKT_IMAGE_EXTRACTION_FAILED',
  ],
  ['read-only', 'ro', 'image export example.com/test PLACE/x.aci', 'RKT_IMAGE_OUTPUT_UNUSABLE'],
  ['read-only', 'ro', 'image extract example.com/test PLACE/x', 'RKT_IMAGE_OUTPUT_UNUSABLE'],
  ['read-only', 'ro', 'image build DIR --name=example.com/x -o PLACE/x.aci', 'RKT_IMAGE_OUTPUT_UNUSABLE'],
  ['read-only', 'ro', 'export EXITED PLACE/x.aci', 'RKT_IMAGE_OUTPUT_UNUSABLE'],
  ['read-only', 'ro', 'run --stage1=fly --uuid-file-save=PLACE/uuid example.com/test', 'RKT_UUID_FILE_UNWRITABLE'],
  ['read-only', 'ro', '--dir=PLACE/data --insecure-options=image fetch ACI', 'RKT_DATA_DIRECTORY_UNUSABLE'],
  ['read-only', 'ro', '--dir=PLACE --insecure-options=image run --stage1=fly ACI', 'RKT_DATA_DIRECTORY_UNUSABLE'],
] as const)
  kernelTest(`a ${what} file system: rkt ${typed}`, async (t) => {
    const through = onTmpfs(options);
    const words = argv(typed.replace('PLACE', through.at(-1) ?? ''));
    const [, TMPDIR] = /^TMPDIR=(.*)/.exec(words[0] ?? '') ?? [];
    const env = TMPDIR === undefined ? {} : {TMPDIR};
    const {stderr, exitCode} = await host.rkt(TMPDIR === undefined ? words : words.slice(1), {through, env});
    t.is(exitCode, 254, stderr);
    t.regex(stderr, new RegExp(`^code: (${code})$`, 'm'));
    t.notRegex(stderr, /^ +at |internal error|^rkt.*: E[A-Z]{3,}\b/m);
  });

for (const [typed, code] of [
  ['list', 'RKT_ROOT_NEEDED'],
  ['status PREPARED', 'RKT_ROOT_NEEDED'],
  ['status no-such-name', 'RKT_ROOT_NEEDED'],
  ['stop RUNNING', 'RKT_ROOT_NEEDED'],
  ['logs RUNNING', 'RKT_ROOT_NEEDED'],
  ['cat-manifest PREPARED', 'RKT_ROOT_NEEDED'],
  ['image list', 'RKT_ROOT_NEEDED'],
  ['image rm example.com/test', 'RKT_ROOT_NEEDED'],
  ['image gc', 'RKT_ROOT_NEEDED'],
  // Nor can nobody read the configuration of these tests.
  ['plan --system-config=/nowhere --local-config=/nowhere --stage1=fly example.com/test', 'RKT_ROOT_NEEDED'],
  ['explain --system-config=/nowhere --local-config=/nowhere --stage1=fly example.com/test', 'RKT_ROOT_NEEDED'],
  ['flavor doctor --system-config=/nowhere --local-config=/nowhere kvm', 'RKT_PATH_UNUSABLE'],
  ['enter RUNNING', 'RKT_ROOT_NEEDED'],
  ['export EXITED x.aci', 'RKT_ROOT_NEEDED'],
  ['image build / --name=example.com/x -o DIR/x.aci', 'RKT_IMAGE_OUTPUT_UNUSABLE'],
] as const)
  kernelTest(`as nobody: rkt ${typed}`, async (t) => {
    const {stderr, stdout, exitCode} = await host.rkt(argv(typed), {through: asNobody(), cwd: '/'});
    await check(t, typed, stderr, code);
    if (!code.startsWith('RKT_IMAGE_')) t.regex(stderr, /^hint: run it as root\b/m);
    // It is of the command that was typed.
    if (code === 'RKT_ROOT_NEEDED') t.regex(stderr, /^rkt (.+): rkt \1\b.*\nhint: .*sudo rkt \1\b/);
    t.deepEqual([exitCode, stdout], [254, '']);
  });
