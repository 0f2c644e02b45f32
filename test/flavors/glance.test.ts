import {openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';

/* What flavors can do on this host, at a glance. */

testIf(lacksPods('program/systemd-nspawn'))('flavor list and compare tell what each can do here', async (t) => {
  const host = openHost();
  t.teardown(() => host.close());
  interface Row {
    readonly name: string;
    readonly status: string;
    readonly here: {readonly usable: boolean; readonly ownKernel: boolean; readonly pids: string};
  }
  const rows = JSON.parse((await host.rkt(['flavor', 'list', '--format=json'])).stdout) as Row[];
  const own = rows.filter(({name}) => ['fly', 'kvm', 'nspawn'].includes(name));
  // No image of kvm is in this store.
  t.deepEqual(
    own.map(({name, here}) => [name, here.usable, here.ownKernel, here.pids]),
    [
      ['nspawn', true, false, 'own'],
      ['fly', true, false, 'host'],
      ['kvm', false, true, 'own'],
    ],
  );
  const {stdout} = await host.rkt(['flavor', 'list']);
  t.regex(stdout, /^NAME\s+VERSION\s+KERNEL\s+USER IDS\s+PIDS\s+NETWORK\s+LIMITS\s+ROOTLESS\s+STATUS\n/);
  t.regex(stdout, /\nkvm\s.*cannot run here\n/);

  interface Comparison {
    readonly flavors: readonly string[];
    readonly isolation: readonly {readonly name: string; readonly here: readonly string[]}[];
    readonly promises: readonly {
      readonly name: string;
      readonly here: readonly string[];
      readonly because: readonly unknown[];
    }[];
  }
  const compared = await host.rkt(['flavor', 'compare', '--format=json', 'fly', 'nspawn']);
  const {flavors, isolation, promises} = JSON.parse(compared.stdout) as Comparison;
  t.deepEqual(flavors, ['fly', 'nspawn']);
  t.deepEqual(isolation.find(({name}) => name === 'pids')?.here, ['host', 'own']);
  t.deepEqual(promises.find(({name}) => name === 'apps/many')?.here, ['impossible', 'enforced']);
  t.true(promises.every(({here}) => here[0] !== here[1]));
  interface Features {
    readonly ociVersionMax: string;
    readonly linux: {readonly namespaces: readonly string[]};
    readonly annotations: Readonly<Record<string, string>>;
  }
  const features = async (name: string) =>
    JSON.parse((await host.rkt(['flavor', 'show', '--format=oci-features', name])).stdout) as Features;
  const [fly, nspawn, kvm] = [await features('fly'), await features('nspawn'), await features('kvm')];
  t.deepEqual([fly.linux.namespaces.includes('pid'), nspawn.linux.namespaces.includes('pid')], [false, true]);
  t.is(kvm.annotations['coreos.com/rkt/usable'], 'false');
  t.regex(fly.ociVersionMax, /^\d+\.\d+\.\d+$/);
  // It is a form of this command alone.
  const listed = await host.rkt(['flavor', 'list', '--format=oci-features']);
  t.is(listed.error?.code, 'RKT_FLAG_CHOICE_INVALID');

  const told = await host.rkt(['flavor', 'compare', 'fly', 'nspawn']);
  t.regex(told.stdout, /^apps\/many\s+impossible\s+enforced\s+fly: /m);
  const one = await host.rkt(['--format=json', 'flavor', 'compare', 'fly']);
  t.deepEqual([one.exitCode, one.error?.code], [254, 'RKT_ARGUMENT_MISSING']);
});
