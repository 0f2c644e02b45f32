/** Packages of Debian that programs are in, where they are called otherwise. */
const PACKAGES: Readonly<Record<string, string>> = {
  'apt-get': 'apt',
  'dpkg-deb': 'dpkg',
  'qemu-system-x86_64': 'qemu-system-x86',
  setpriv: 'util-linux',
  xz: 'xz-utils',
};

/** The package of Debian that has a program, by its name or path. */
export const debianPackage = (program: string): string => {
  const name = program.slice(program.lastIndexOf('/') + 1);
  return PACKAGES[name] ?? name;
};
