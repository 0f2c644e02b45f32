import {errnoText} from '../linux/errno-text.ts';
import {RktError} from '../rkt-error.ts';

/** What is said of a name, in bytes. */
const NAME_BYTES = 256;

/** Names of an archive are bytes, held one per character; people read them as UTF-8, and not without end. */
export const readable = (path: string): string => {
  const text = Buffer.from(path.slice(0, NAME_BYTES), 'latin1').toString('utf8');
  return path.length > NAME_BYTES ? `${text}…` : text;
};

/** The data directory, or something above it, belongs to another user, who can replace what is in it (S11). */
export const dataDirectoryOfAnother = (dataDir: string, path: string, uid: number) =>
  new RktError(
    'RKT_DATA_DIRECTORY_OF_ANOTHER',
    `data directory ${dataDir}: ${path === dataDir ? 'it' : path} belongs to user ${uid}, who can change what is in it`,
    {
      dataDir,
      path,
      uid,
      hint: 'choose one by --dir that belongs, with everything above it, to you or to root; or run rkt as the user to whom it belongs',
    },
  );

/** The directory in which rkt keeps its images and pods cannot be used. */
export const dataDirectoryUnusable = (path: string, because: string, cause?: unknown) =>
  new RktError('RKT_DATA_DIRECTORY_UNUSABLE', `data directory ${path}: ${because}`, {
    path,
    because,
    cause,
    hint: 'choose another by --dir; root also by "data" in a configuration file of the kind "paths", other users by HOME or XDG_DATA_HOME',
  });

/** Other users can write to the data directory, or can replace it (S11). */
export const dataDirectoryWritable = (dataDir: string, path: string, mode: number) => {
  const octal = mode.toString(8).padStart(4, '0');
  return new RktError(
    'RKT_DATA_DIRECTORY_WRITABLE',
    `data directory ${dataDir}: others can write to ${path === dataDir ? 'it' : path}, which has the mode ${octal}`,
    {
      dataDir,
      path,
      mode: octal,
      hint: `choose another by --dir; or check that everything in it is your own, and chmod go-w ${path}`,
    },
  );
};

/** The beginning of an ID, or a name with labels, that fits several images. */
export const imageAmbiguous = (image: string, candidates: readonly string[], hint = 'give more digits of the ID') =>
  new RktError('RKT_IMAGE_AMBIGUOUS', `"${image}" fits ${candidates.length} images: ${candidates.join(', ')}`, {
    image,
    candidates,
    hint,
  });

/** The file is not a tar archive of the kind that an image may be. */
export const imageArchiveInvalid = (problem: string, offset: number) =>
  new RktError('RKT_IMAGE_ARCHIVE_INVALID', `not a valid image archive: ${problem} (at byte ${offset} of the tar)`, {
    problem,
    offset,
    hint: 'build the archive again, with `rkt image build` or GNU tar in pax format',
  });

/** A manifest for `image build` that does not parse, or contradicts a flag. */
export const imageBuildInvalid = (problem: string, cause?: unknown) =>
  new RktError('RKT_IMAGE_BUILD_INVALID', `cannot build the image: ${problem}`, {
    problem,
    cause,
    hint: 'see `rkt image build --help`',
  });

/** A decompressor refused its input. */
export const imageCompressionInvalid = (compression: string, cause: unknown) =>
  new RktError('RKT_IMAGE_COMPRESSION_INVALID', `the ${compression} data of the image is damaged or incomplete`, {
    compression,
    cause,
    hint: 'fetch or copy the file again',
  });

/** What the store holds of an image is no longer what was fetched. */
export const imageDamaged = (id: string, problem: string, cause?: unknown) =>
  new RktError('RKT_IMAGE_DAMAGED', `image ${id} is damaged: ${problem}${saidOf(cause)}`, {
    id,
    problem,
    cause,
    hint: '`rkt image verify` repairs it if what is left of it is enough; otherwise fetch it again, which replaces it',
  });

/** What the kernel said, and of which file. */
const saidOf = (cause: unknown): string => {
  const because = errnoText(cause);
  if (because === undefined) return '';
  const {path} = cause as {path?: unknown};
  return typeof path === 'string' ? `: ${path}: ${because}` : `: ${because}`;
};

/** A damaged image could be repaired, but not while pods run on it. */
export const imageDamagedInUse = (id: string, problem: string, pods: readonly string[]) =>
  new RktError(
    'RKT_IMAGE_DAMAGED_IN_USE',
    `image ${id} is damaged: ${problem}; ${pods.length === 1 ? 'a running pod uses' : `${pods.length} running pods use`} it: ${pods.join(', ')}`,
    {id, problem, pods, hint: 'stop these pods (rkt stop) and try again: `rkt image verify` can repair it then'},
  );

/** An image depends on itself (S10). */
export const imageDependencyCycle = (chain: readonly string[]) =>
  new RktError('RKT_IMAGE_DEPENDENCY_CYCLE', `images depend on each other in a circle: ${chain.join(' → ')}`, {
    chain,
    hint: 'the authors of these images have to break the circle',
  });

/** A dependency that is there, but not what the image asks for (appc IM-26, IM-27). */
export const imageDependencyMismatch = (
  image: string,
  dependency: string,
  field: 'name' | 'labels' | 'size',
  wanted: unknown,
  found: unknown,
) =>
  new RktError(
    'RKT_IMAGE_DEPENDENCY_MISMATCH',
    `dependency ${dependency} of ${image}: ${field} is ${JSON.stringify(found)} and must be ${JSON.stringify(wanted)}`,
    {image, dependency, field, wanted, found, hint: 'fetch the image that its author meant'},
  );

/** A dependency of an image that is not in the store. */
export const imageDependencyMissing = (image: string, dependency: string) =>
  new RktError('RKT_IMAGE_DEPENDENCY_MISSING', `${image} needs ${dependency}, which is not in the store`, {
    image,
    dependency,
    hint: 'fetch it first: rkt fetch FILE',
  });

/** A device node, which an image may not contain. */
export const imageDeviceRefused = (entry: string, type: string, major: number, minor: number) =>
  new RktError(
    'RKT_IMAGE_DEVICE_REFUSED',
    `${readable(entry)}: an image may not contain the ${type} device ${major}:${minor}`,
    {entry: readable(entry), type, major, minor, hint: 'leave /dev empty in the image: rkt fills it when the app runs'},
  );

/** The image has a device node, which only root of the host can make. */
export const imageDeviceRootless = (path: string) =>
  new RktError('RKT_IMAGE_DEVICE_ROOTLESS', `${readable(path)} is a device, which an ordinary user cannot make`, {
    path: readable(path),
    hint: 'fetch the image as root, or build it without its /dev: every app has a /dev of its own',
  });

/** The same path twice (appc IM-02). */
export const imageDuplicateEntry = (entry: string) =>
  new RktError('RKT_IMAGE_DUPLICATE_ENTRY', `the archive contains ${readable(entry)} twice`, {
    entry: readable(entry),
    hint: 'build the archive again; appending to a tar makes duplicates',
  });

/** An entry that could write, or point, where it must not (S09). */
export const imageEntryRefused = (entry: string, problem: string) =>
  new RktError('RKT_IMAGE_ENTRY_REFUSED', `${readable(entry)}: ${problem}`, {
    entry: readable(entry),
    problem,
    hint: 'do not use this image; if you trust its author, build it again from its files',
  });

/** The program that unpacks images failed. */
export const imageExtractionFailed = (program: string, status: string, output: string) =>
  new RktError('RKT_IMAGE_EXTRACTION_FAILED', `extracting the image failed (${program}: ${status}): ${output}`, {
    program,
    status,
    output,
    hint: 'check free space (df -h, df -i) and that the file system of the data directory keeps owners and xattrs',
  });

/** A file that was named as an image cannot be read. */
export const imageFileUnusable = (path: string, problem: string, cause?: unknown) =>
  new RktError('RKT_IMAGE_FILE_UNUSABLE', `${path}: ${problem}`, {
    path,
    problem,
    cause,
    hint: 'give the path of an image file that you may read',
  });

/** An image is not for this host, or does not say that it is (appc IM-13). */
export const imageForeign = (image: string, label: 'os' | 'arch', value: string | undefined, runs: readonly string[]) =>
  new RktError(
    'RKT_IMAGE_FOREIGN',
    value === undefined
      ? `image "${image}" has no label "${label}", and this host runs ${runs.join(' and ')}`
      : `image "${image}" is for the ${label} "${value}", and this host runs ${runs.join(' and ')}`,
    {
      image,
      label,
      value,
      runs,
      hint:
        value === undefined
          ? `if it is for this host, build it with the label ${label}=${runs[0]}`
          : 'get the image that its author has made for such a host',
    },
  );

/** The image is used by running pods. */
export const imageInUse = (id: string, pods: readonly string[]) =>
  new RktError('RKT_IMAGE_IN_USE', `image ${id} is used by ${pods.length} pod(s): ${pods.join(', ')}`, {
    id,
    pods,
    hint: 'stop these pods first: rkt stop UUID',
  });

/** The index is not a database any more. */
export const imageIndexDamaged = (path: string, cause: unknown) =>
  new RktError('RKT_IMAGE_INDEX_DAMAGED', `the index of the image store is damaged: ${path}`, {
    path,
    cause,
    hint: 'rebuild it from the images: rkt image verify --rebuild',
  });

/** The index cannot be read or written. */
export const imageIndexUnusable = (path: string, because: string, cause: unknown) =>
  new RktError('RKT_IMAGE_INDEX_UNUSABLE', `the index of the image store, ${path}: ${because}`, {
    path,
    because,
    cause,
    hint: 'check the permissions and the file system of the data directory',
  });

/** The top level of the archive is not `manifest` and `rootfs` (appc IM-03). */
export const imageLayoutInvalid = (problem: string, entry?: string) =>
  new RktError('RKT_IMAGE_LAYOUT_INVALID', `not an app container image: ${problem}`, {
    problem,
    ...(entry === undefined ? {} : {entry: readable(entry)}),
    hint: 'an image has exactly a file `manifest` and a directory `rootfs` at its top level; if this is just a root file system, unpack it and make an image of it: `rkt image build DIRECTORY`',
  });

/** The image is larger, or has more or longer entries, than rkt takes (S10). */
export const imageLimitExceeded = (limit: string, maximum: number, found?: number, entry?: string) =>
  new RktError(
    'RKT_IMAGE_LIMIT_EXCEEDED',
    `the image exceeds the limit on ${limit}: ${found === undefined ? 'more than' : `${found}, at most`} ${maximum}${entry === undefined ? '' : `, at ${readable(entry)}`}`,
    {
      limit,
      maximum,
      ...(found === undefined ? {} : {found}),
      ...(entry === undefined ? {} : {entry: readable(entry)}),
      hint: 'do not use this image; if you trust its author, have it built again within the limit',
    },
  );

/** An error of reading images, met in a directory or in what a pod has left while an image is built of it: here the user is the image's author. */
export const imageNotBuildable = ({code, message, fields, exitCode, cause}: RktError) =>
  new RktError(code, message, {
    ...fields,
    exitCode,
    cause,
    hint: 'an image cannot hold this: take it out of the directory and try again',
  });

/** A file of another kind, which was meant as an image. */
export const imageNotAci = (what: string) =>
  new RktError('RKT_IMAGE_NOT_ACI', `not an app container image: ${what}`, {
    what,
    hint: 'images are .aci files; to make one of a root file system, unpack it and run `rkt image build DIRECTORY`',
  });

/** No such image in the store. `suggestions` are names that were perhaps meant. */
export const imageNotFound = (image: string, suggestions: readonly string[] = []) =>
  new RktError(
    'RKT_IMAGE_NOT_FOUND',
    `${image.endsWith('.aci') ? `there is no file ${image}, and ` : ''}no image in the store fits "${image}"`,
    {
      image,
      ...(suggestions.length > 0 && {suggestions}),
      hint: `${suggestions.length > 0 ? `did you mean ${suggestions.join(' or ')}? ` : ''}see \`rkt image list\`; nothing is downloaded yet: a name is only looked for in the store (each user has one), and a file is given by its path: ./IMAGE.aci`,
    },
  );

/** The file to be written is there already. */
export const imageOutputExists = (path: string) =>
  new RktError('RKT_IMAGE_OUTPUT_EXISTS', `${path} exists already`, {
    path,
    hint: 'choose another path, or pass --overwrite',
  });

/** The file to be written cannot be. */
export const imageOutputUnusable = (path: string, problem: string, cause?: unknown) =>
  new RktError('RKT_IMAGE_OUTPUT_UNUSABLE', `${path} cannot be written: ${problem}`, {
    path,
    problem,
    cause,
    hint: 'choose another path, in a directory that exists and can be written',
  });

/** The image has files of a user or group that the pods of the user who fetches it do not have. */
export const imageOwnerMissing = (path: string, kind: 'user' | 'group', id: number, count: number) =>
  new RktError(
    'RKT_IMAGE_OWNER_MISSING',
    `${readable(path)} belongs to ${kind} ${id}, and your pods have only ${count === 1 ? `${kind} 0` : `${kind}s 0 to ${count - 1}`}`,
    {
      path: readable(path),
      kind,
      id,
      count,
      hint: 'fetch the image as root, use one whose files all belong to root, or get more ids in /etc/subuid and /etc/subgid',
    },
  );

/** A program for `image build --from-host` that is not on this host. */
export const imageProgramNotFound = (program: string) =>
  new RktError('RKT_IMAGE_PROGRAM_NOT_FOUND', `no program "${program}" on this host`, {
    program,
    hint: 'give the absolute path of an executable file',
  });

/** Neither an ID, nor a file, nor a name. */
export const imageReferenceInvalid = (image: string, problem: string) =>
  new RktError('RKT_IMAGE_REFERENCE_INVALID', `"${image}" is not an image: ${problem}`, {
    image,
    problem,
    hint: 'give an ID (sha512-…), a file (./app.aci) or a name in the store (example.com/app:1.0)',
  });

/** A signature was given, but this version cannot check any. */
export const imageSignatureUnsupported = (image: string, signature: string) =>
  new RktError('RKT_IMAGE_SIGNATURE_UNSUPPORTED', `${image}: the signature ${signature} cannot be checked`, {
    image,
    signature,
    hint: 'if you trust the file, pass --insecure-options=image and no --signature',
  });

/** A URL of a kind that rkt does not fetch (yet). */
export const imageSourceUnsupported = (image: string, scheme: string) =>
  new RktError('RKT_IMAGE_SOURCE_UNSUPPORTED', `${image}: fetching by ${scheme} is not supported`, {
    image,
    scheme,
    hint:
      scheme === 'docker'
        ? 'make an image of its files: docker export CONTAINER | tar -x -C ./rootfs, then rkt image build ./rootfs --name=NAME --exec=PROGRAM -o IMAGE.aci'
        : 'download the image and give its file: rkt fetch ./IMAGE.aci',
  });

/** A program of the host that rkt needs for images is missing. */
export const imageToolMissing = (program: string, debianPackage: string) =>
  new RktError('RKT_IMAGE_TOOL_MISSING', `this host has no ${program}`, {
    program,
    package: debianPackage,
    hint: `install it: apt-get install ${debianPackage}`,
  });

/** An unpacked tree is not what its archive says (S27). */
export const imageTreeDiffers = (entry: string, problem: string) =>
  new RktError('RKT_IMAGE_TREE_DIFFERS', `${readable(entry)} has not been unpacked as the archive says: ${problem}`, {
    entry: readable(entry),
    problem,
    hint: 'the file system of the data directory has to keep every name, owner, mode, time and attribute; it may fold case or have no xattrs',
  });

/** The archive ends too early. */
export const imageTruncated = (bytes: number) =>
  new RktError(
    'RKT_IMAGE_TRUNCATED',
    bytes === 0 ? 'the image is an empty file' : `the image archive ends too early, after ${bytes} bytes`,
    {
      bytes,
      hint: 'fetch or copy the file again',
    },
  );

/** The file has no signature that rkt could check. */
export const imageUnsigned = (image: string) =>
  new RktError('RKT_IMAGE_UNSIGNED', `${image} has no signature that could be checked`, {
    image,
    hint: 'if you trust the file, pass --insecure-options=image',
  });
