import {fchmodSync} from 'node:fs';
import {ERRNO} from '../contract/errno.ts';
import {filterProgram} from './exec.ts';
import type {Fd} from './fd.ts';
import {cString, SYS, type SyscallName} from './libc.ts';
import {executableMemoryFile} from './memory-file.ts';

/*
 * JavaScript cannot go on in a forked child, and a program of the host would be loaded by the loader of whatever root directory it is in. So what has to happen around
 * the birth of a process in a pod's pid namespace is a program made of nothing but a list of system calls: no library, no loader, no memory but the list.
 */

/** Bytes are placed in the program's memory, several as `char *[]` with its null pointer at the end, a filter as `struct sock_fprog`. */
export type ProgramArgument =
  | number
  | bigint
  | Uint8Array
  /** Where the number is of the process that the last `clone` has made, as it has it itself: by {@link tellingChild}. */
  | 'child'
  /** The environment that the program was started with. Of one call. */
  | 'environment'
  | {readonly strings: readonly Uint8Array[]}
  | {readonly filter: Uint8Array};

export interface ProgramCall {
  readonly name: SyscallName;
  readonly args: readonly ProgramArgument[];
  /**
   * Of `clone`, whose child goes on with the next call. `wait`: the parent waits for the child, which must end, and then for the one that `leave` has left to it; it hands signals on to
   * that, stops with it if they are in one session, and ends as it does. `tend`: the parent waits for the child itself in the same way, and has {@link Tended} for its signals. `leave`: the parent ends.
   */
  readonly parent?: 'wait' | 'leave' | 'tend';
  /** Of `clone` whose parent goes on: what its child does instead. The last of these must not return. */
  readonly child?: readonly ProgramCall[];
  /** Errors that are none, at most three. */
  readonly tolerates?: readonly (keyof typeof ERRNO)[];
  /** What is done after an error that is tolerated, and only then. */
  readonly instead?: readonly ProgramCall[];
  /** When the kernel answers with an error: what is written on standard error, and the exit status. */
  readonly otherwise: {readonly say: string; readonly status: number};
}

/**
 * Whom the signals of a parent that tends its child are for. The first SIGTERM is the child's, which is to end what it looks after, and so is one that commonly ends a program while there
 * is nobody else to have it; SIGWINCH is always the child's. Every other goes to the first process in each of these files (`cgroup.procs`): to its whole process group if
 * it came from the kernel, as from a terminal. The parent stops with those that a terminal tells to stop.
 */
export interface Tended {
  readonly members: readonly string[];
  /** Sockets: what comes from one, as SIGIO tells, is written to the other. That signal is for nobody else then. */
  readonly relay?: {readonly from: Fd; readonly to: Fd} | undefined;
  /** The first and the last of descriptors that are the child's alone. */
  readonly closes?: Closes | undefined;
}

type Closes = readonly [first: number, last: number];

/**
 * Another child, which ends when nobody has a descriptor any more: the parent closes its own and waits for that before it ends as the first child did. Whom that one has left to the parent (`CLONE_PARENT`) it reaps, without which the other would not end.
 */
export interface Last {
  readonly pid: number;
  readonly holds: Fd;
  /** As of {@link Tended}. */
  readonly closes: Closes;
}

const PARENTS = {wait: 1, leave: 2, tend: 3} as const;
/** In the place of one of these: what follows is passed over when the call has succeeded. */
const INSTEAD = 4;

/**
 * Addresses of the two parts of its memory: the file's header and the instructions, then the list with what it refers to. Pages of arm64 have up to `PAGE` bytes, and an address has the place in its page that it has in
 * the file: so the file needs no more than two small pages for what is small.
 */
const CODE_AT = 0x400000n;
const LIST_AT = 0x421000n;
const LIST_IN_FILE = 0x1000;
const PAGE = 0x10000;
/**
 * Before the list: pid of the child, set of all signals, status, whether the child is in another session, what is known of a signal, where the paths of members are, whether the child has been
 * asked to end, room for a number, where a child's is; the sockets of a relay and where it has room,
 * the first and the last descriptor that the parent closes, what it closes and whom it waits for last, and which word becomes the address of the environment.
 */
const HEAD = 512;
const ALL_SIGNALS_AT = 8;
const OWN_SESSION_AT = 24;
const MEMBERS_AT = 160;
const CHILD_AT = 208;
const RELAY_FROM_AT = 256;
const RELAY_TO_AT = 260;
const RELAY_ROOM_AT = 272;
const CLOSE_FIRST_AT = 280;
const CLOSE_LAST_AT = 284;
const HOLDS_AT = 288;
const LAST_AT = 292;
const ENVIRONMENT_AT = 296;
/** As systemd takes of one message; the instructions have this number, too. */
const RELAY_ROOM = 4096;
/** Of one call: its number, arguments, what its parent does and three errors of 16 bits, what is said and how long that is, status and how many bytes of the list are passed over. */
const RECORD_WORDS = 10;
const RECORD_BYTES = RECORD_WORDS * 8;
const MAX_ARGUMENTS = 5;
const MAX_TOLERATED = 3;

/** Both do the same: calls of the list one after the other, and what {@link ProgramCall} says about `clone` and errors. Numbers of calls and signals are those of the architecture. */
const CODE: Readonly<Record<string, string>> = {
  x64: [
    '41bd00104200', // mov r13d,0x421000
    '4d8da500020000', // lea r12,[r13+0x200]
    '498b8d28010000', // mov rcx,[r13+0x128]
    '4885c9', // test rcx,rcx
    '740c', // je next
    '488b0424', // mov rax,[rsp]
    '488d44c410', // lea rax,[rsp+rax*8+0x10]
    '488901', // mov [rcx],rax
    '498b0424', // mov rax,[r12]   ; next:
    '498b7c2408', // mov rdi,[r12+0x8]
    '498b742410', // mov rsi,[r12+0x10]
    '498b542418', // mov rdx,[r12+0x18]
    '4d8b542420', // mov r10,[r12+0x20]
    '4d8b442428', // mov r8,[r12+0x28]
    '0f05', // syscall
    '4885c0', // test rax,rax
    '783c', // js failed
    '7423', // je done
    '410fb74c2430', // movzx ecx,[r12+0x30]
    '83f901', // cmp ecx,0x1
    '7221', // jb beyond
    '7464', // je wait
    '83f903', // cmp ecx,0x3
    '0f8412020000', // je tend
    '49894500', // mov [r13+0x0],rax
    '31ff', // xor edi,edi
    'b8e7000000', // mov eax,0xe7   ; exit:
    '0f05', // syscall
    '6641837c243004', // cmp [r12+0x30],0x4   ; done:
    '7508', // jne advance
    '418b44244c', // mov eax,[r12+0x4c]   ; beyond:
    '4901c4', // add r12,rax
    '4983c450', // add r12,0x50   ; advance:
    'eba0', // jmp next
    'f7d8', // neg eax   ; failed:
    '66413b442434', // cmp ax,[r12+0x34]
    '74f0', // je advance
    '66413b442436', // cmp ax,[r12+0x36]
    '74e8', // je advance
    '66413b442432', // cmp ax,[r12+0x32]
    '74e0', // je advance
    'bf02000000', // mov edi,0x2
    '498b742438', // mov rsi,[r12+0x38]
    '498b542440', // mov rdx,[r12+0x40]
    'b801000000', // mov eax,0x1
    '0f05', // syscall
    '418b7c2448', // mov edi,[r12+0x48]
    'ebab', // jmp exit
    '89c7', // mov edi,eax   ; wait:
    '498d7510', // lea rsi,[r13+0x10]
    'ba00000040', // mov edx,0x40000000
    '4531d2', // xor r10d,r10d
    'b83d000000', // mov eax,0x3d
    '0f05', // syscall
    '458b7500', // mov r14d,[r13+0x0]
    '4585f6', // test r14d,r14d
    '0f8409010000', // je ended
    '498d7d08', // lea rdi,[r13+0x8]   ; loop:
    '498d7520', // lea rsi,[r13+0x20]
    '31d2', // xor edx,edx
    '41ba08000000', // mov r10d,0x8
    'b880000000', // mov eax,0x80
    '0f05', // syscall
    '89c3', // mov ebx,eax
    '498bb510010000', // mov rsi,[r13+0x110]   ; relay:
    '4885f6', // test rsi,rsi
    '7442', // je dispatch
    '418bbd00010000', // mov edi,[r13+0x100]
    'ba00100000', // mov edx,0x1000
    '41ba40000000', // mov r10d,0x40
    '4531c0', // xor r8d,r8d
    '4531c9', // xor r9d,r9d
    'b82d000000', // mov eax,0x2d
    '0f05', // syscall
    '4885c0', // test rax,rax
    '7e19', // jle relayed
    '89c2', // mov edx,eax
    '418bbd04010000', // mov edi,[r13+0x104]
    '498bb510010000', // mov rsi,[r13+0x110]
    'b801000000', // mov eax,0x1
    '0f05', // syscall
    'ebb7', // jmp relay
    '83fb1d', // cmp ebx,0x1d   ; relayed:
    '7499', // je loop
    '83fb11', // cmp ebx,0x11   ; dispatch:
    '743d', // je reap
    '85db', // test ebx,ebx
    '7890', // js loop
    '4983bda000000000', // cmp [r13+0xa0],0x0
    '0f853e010000', // jne deliver
    '41817d2880000000', // cmp [r13+0x28],0x80
    '7510', // jne forward
    '83fb01', // cmp ebx,0x1
    '740b', // je forward
    '41837d1800', // cmp [r13+0x18],0x0
    '0f8468ffffff', // je loop
    '4489f7', // mov edi,r14d   ; forward:
    '89de', // mov esi,ebx
    'b83e000000', // mov eax,0x3e
    '0f05', // syscall
    'e957ffffff', // jmp loop
    'bfffffffff', // mov edi,0xffffffff   ; reap:
    '498d7510', // lea rsi,[r13+0x10]
    'ba03000040', // mov edx,0x40000003
    '4531d2', // xor r10d,r10d
    'b83d000000', // mov eax,0x3d
    '0f05', // syscall
    '85c0', // test eax,eax
    '0f8e37ffffff', // jle loop
    '4439f0', // cmp eax,r14d
    '75db', // jne reap
    '41807d107f', // cmp [r13+0x10],0x7f
    '7534', // jne ended
    '41837d1800', // cmp [r13+0x18],0x0
    '0f8520ffffff', // jne loop
    'b827000000', // mov eax,0x27
    '0f05', // syscall
    '89c7', // mov edi,eax
    'be13000000', // mov esi,0x13
    'b83e000000', // mov eax,0x3e
    '0f05', // syscall
    '4489f7', // mov edi,r14d
    'be12000000', // mov esi,0x12
    'b83e000000', // mov eax,0x3e
    '0f05', // syscall
    'e9f7feffff', // jmp loop
    '418bbd20010000', // mov edi,[r13+0x120]   ; ended:
    '85ff', // test edi,edi
    '742b', // je status
    'b803000000', // mov eax,0x3
    '0f05', // syscall
    'bfffffffff', // mov edi,0xffffffff   ; last:
    '31f6', // xor esi,esi
    'ba00000040', // mov edx,0x40000000
    '4531d2', // xor r10d,r10d
    'b83d000000', // mov eax,0x3d
    '0f05', // syscall
    '4885c0', // test rax,rax
    '7809', // js status
    '413b8524010000', // cmp eax,[r13+0x124]
    '75dc', // jne last
    '410fb67d11', // movzx edi,[r13+0x11]   ; status:
    '418b5d10', // mov ebx,[r13+0x10]
    '83e37f', // and ebx,0x7f
    '0f8438feffff', // je exit
    'b827000000', // mov eax,0x27
    '0f05', // syscall
    '89c7', // mov edi,eax
    '89de', // mov esi,ebx
    'b83e000000', // mov eax,0x3e
    '0f05', // syscall
    '8d4bff', // lea ecx,[rbx-0x1]
    'b801000000', // mov eax,0x1
    '48d3e0', // shl rax,cl
    '49894508', // mov [r13+0x8],rax
    'bf01000000', // mov edi,0x1
    '498d7508', // lea rsi,[r13+0x8]
    '31d2', // xor edx,edx
    '41ba08000000', // mov r10d,0x8
    'b80e000000', // mov eax,0xe
    '0f05', // syscall
    '8dbb80000000', // lea edi,[rbx+0x80]
    'e9f4fdffff', // jmp exit
    '4189c6', // mov r14d,eax   ; tend:
    '418bbd18010000', // mov edi,[r13+0x118]
    '418bb51c010000', // mov esi,[r13+0x11c]
    '85f6', // test esi,esi
    '0f8452feffff', // je loop
    '31d2', // xor edx,edx
    'b8b4010000', // mov eax,0x1b4
    '0f05', // syscall
    'e944feffff', // jmp loop
    '498bada0000000', // mov rbp,[r13+0xa0]   ; deliver:
    '4531ff', // xor r15d,r15d
    '83fb1c', // cmp ebx,0x1c
    '0f84c9feffff', // je forward
    '83fb0f', // cmp ebx,0xf
    '750e', // jne each
    '4183bda800000000', // cmp [r13+0xa8],0x0
    '0f84a4000000', // je ask
    '488b7500', // mov rsi,[rbp+0x0]   ; each:
    '4885f6', // test rsi,rsi
    '747f', // je given
    '4883c508', // add rbp,0x8
    'bf9cffffff', // mov edi,0xffffff9c
    '31d2', // xor edx,edx
    '4531d2', // xor r10d,r10d
    'b801010000', // mov eax,0x101
    '0f05', // syscall
    '85c0', // test eax,eax
    '78de', // js each
    '4189c4', // mov r12d,eax
    '89c7', // mov edi,eax
    '498db5c0000000', // lea rsi,[r13+0xc0]
    'ba10000000', // mov edx,0x10
    '31c0', // xor eax,eax
    '0f05', // syscall
    '31ff', // xor edi,edi
    '85c0', // test eax,eax
    '7e1c', // jle number
    '498db5c0000000', // lea rsi,[r13+0xc0]
    '0fb60e', // movzx ecx,[rsi]   ; digit:
    '83e930', // sub ecx,0x30
    '83f909', // cmp ecx,0x9
    '770a', // ja number
    '6bff0a', // imul edi,edi,0xa
    '01cf', // add edi,ecx
    '48ffc6', // inc rsi
    'ebeb', // jmp digit
    '85ff', // test edi,edi   ; number:
    '741c', // je close
    '41817d2880000000', // cmp [r13+0x28],0x80
    '7502', // jne one
    'f7df', // neg edi
    '89de', // mov esi,ebx   ; one:
    'b83e000000', // mov eax,0x3e
    '0f05', // syscall
    '85c0', // test eax,eax
    '7503', // jne close
    '41ffc7', // inc r15d
    '4489e7', // mov edi,r12d   ; close:
    'b803000000', // mov eax,0x3
    '0f05', // syscall
    'e978ffffff', // jmp each
    '4585ff', // test r15d,r15d   ; given:
    '7532', // jne stop
    '83fb0f', // cmp ebx,0xf
    '0f8788fdffff', // ja loop
    '4183bda800000000', // cmp [r13+0xa8],0x0
    '0f857afdffff', // jne loop
    '41ff85a8000000', // inc [r13+0xa8]   ; ask:
    '4489f7', // mov edi,r14d
    'be0f000000', // mov esi,0xf
    'b83e000000', // mov eax,0x3e
    '0f05', // syscall
    'e95ffdffff', // jmp loop
    '8d4bec', // lea ecx,[rbx-0x14]   ; stop:
    '83f902', // cmp ecx,0x2
    '0f8753fdffff', // ja loop
    'b827000000', // mov eax,0x27
    '0f05', // syscall
    '89c7', // mov edi,eax
    'be13000000', // mov esi,0x13
    'b83e000000', // mov eax,0x3e
    '0f05', // syscall
    'e939fdffff', // jmp loop
  ].join(''),
  arm64: [
    '130082d2', // mov x19, #0x1000
    '5308a0f2', // movk x19, #0x42, lsl #16
    '74020891', // add x20, x19, #0x200
    '619640f9', // ldr x1, [x19, #296]
    'a10000b4', // cbz x1, next
    'e00340f9', // ldr x0, [sp]
    'e06f208b', // add x0, sp, x0, lsl #3
    '00400091', // add x0, x0, #0x10
    '200000f9', // str x0, [x1]
    '880240a9', // ldp x8, x0, [x20]   ; next:
    '810a41a9', // ldp x1, x2, [x20, #16]
    '831242a9', // ldp x3, x4, [x20, #32]
    '010000d4', // svc #0x0
    '800100b4', // cbz x0, done
    '4002f8b7', // tbnz x0, #63, failed
    '89624079', // ldrh w9, [x20, #48]
    '89010034', // cbz w9, beyond
    '3f050071', // cmp w9, #0x1
    'c0030054', // b.eq wait
    '3f0d0071', // cmp w9, #0x3
    '60110054', // b.eq tend
    '600200f9', // str x0, [x19]
    '00008052', // mov w0, #0x0
    'c80b80d2', // mov x8, #0x5e   ; exit:
    '010000d4', // svc #0x0
    '89624079', // ldrh w9, [x20, #48]   ; done:
    '3f110071', // cmp w9, #0x4
    '61000054', // b.ne advance
    '894e40b9', // ldr w9, [x20, #76]   ; beyond:
    '9402098b', // add x20, x20, x9
    '94420191', // add x20, x20, #0x50   ; advance:
    'eaffff17', // b next
    'e003004b', // neg w0, w0   ; failed:
    '896a4079', // ldrh w9, [x20, #52]
    '1f00096b', // cmp w0, w9
    '60ffff54', // b.eq advance
    '896e4079', // ldrh w9, [x20, #54]
    '1f00096b', // cmp w0, w9
    '00ffff54', // b.eq advance
    '89664079', // ldrh w9, [x20, #50]
    '1f00096b', // cmp w0, w9
    'a0feff54', // b.eq advance
    '400080d2', // mov x0, #0x2
    '818a43a9', // ldp x1, x2, [x20, #56]
    '080880d2', // mov x8, #0x40
    '010000d4', // svc #0x0
    '804a40b9', // ldr w0, [x20, #72]
    'e8ffff17', // b exit
    '61420091', // add x1, x19, #0x10   ; wait:
    '0200a852', // mov w2, #0x40000000
    '030080d2', // mov x3, #0x0
    '882080d2', // mov x8, #0x104
    '010000d4', // svc #0x0
    '750240b9', // ldr w21, [x19]
    'd5080034', // cbz w21, ended
    '60220091', // add x0, x19, #0x8   ; loop:
    '61820091', // add x1, x19, #0x20
    '020080d2', // mov x2, #0x0
    '030180d2', // mov x3, #0x8
    '281180d2', // mov x8, #0x89
    '010000d4', // svc #0x0
    'f603002a', // mov w22, w0
    '618a40f9', // ldr x1, [x19, #272]   ; relay:
    '410200b4', // cbz x1, dispatch
    '600241b9', // ldr w0, [x19, #256]
    '020082d2', // mov x2, #0x1000
    '030880d2', // mov x3, #0x40
    '040080d2', // mov x4, #0x0
    '050080d2', // mov x5, #0x0
    'e81980d2', // mov x8, #0xcf
    '010000d4', // svc #0x0
    '1f0000f1', // cmp x0, #0x0
    'ed000054', // b.le relayed
    'e20300aa', // mov x2, x0
    '600641b9', // ldr w0, [x19, #260]
    '618a40f9', // ldr x1, [x19, #272]
    '080880d2', // mov x8, #0x40
    '010000d4', // svc #0x0
    'f0ffff17', // b relay
    'df760071', // cmp w22, #0x1d   ; relayed:
    'e0fcff54', // b.eq loop
    'df460071', // cmp w22, #0x11   ; dispatch:
    '00020054', // b.eq reap
    '96fcff37', // tbnz w22, #31, loop
    '775240f9', // ldr x23, [x19, #160]
    '570a00b5', // cbnz x23, deliver
    '692a40b9', // ldr w9, [x19, #40]
    '3f010271', // cmp w9, #0x80
    'a1000054', // b.ne forward
    'df060071', // cmp w22, #0x1
    '60000054', // b.eq forward
    '691a40b9', // ldr w9, [x19, #24]
    '69fbff34', // cbz w9, loop
    'e003152a', // mov w0, w21   ; forward:
    'e103162a', // mov w1, w22
    '281080d2', // mov x8, #0x81
    '010000d4', // svc #0x0
    'd6ffff17', // b loop
    '00008012', // mov w0, #-1   ; reap:
    '61420091', // add x1, x19, #0x10
    '62008052', // mov w2, #0x3
    '0200a872', // movk w2, #0x4000, lsl #16
    '030080d2', // mov x3, #0x0
    '882080d2', // mov x8, #0x104
    '010000d4', // svc #0x0
    '1f000071', // cmp w0, #0x0
    'adf9ff54', // b.le loop
    '1f00156b', // cmp w0, w21
    'c1feff54', // b.ne reap
    '69424039', // ldrb w9, [x19, #16]
    '3ffd0171', // cmp w9, #0x7f
    'a1010054', // b.ne ended
    '691a40b9', // ldr w9, [x19, #24]
    'c9f8ff35', // cbnz w9, loop
    '881580d2', // mov x8, #0xac
    '010000d4', // svc #0x0
    '61028052', // mov w1, #0x13
    '281080d2', // mov x8, #0x81
    '010000d4', // svc #0x0
    'e003152a', // mov w0, w21
    '41028052', // mov w1, #0x12
    '281080d2', // mov x8, #0x81
    '010000d4', // svc #0x0
    'bcffff17', // b loop
    '602241b9', // ldr w0, [x19, #288]   ; ended:
    'a0010034', // cbz w0, status
    '280780d2', // mov x8, #0x39
    '010000d4', // svc #0x0
    '00008012', // mov w0, #-1   ; last:
    '010080d2', // mov x1, #0x0
    '0200a852', // mov w2, #0x40000000
    '030080d2', // mov x3, #0x0
    '882080d2', // mov x8, #0x104
    '010000d4', // svc #0x0
    '8000f8b7', // tbnz x0, #63, status
    '692641b9', // ldr w9, [x19, #292]
    '1f00096b', // cmp w0, w9
    'e1feff54', // b.ne last
    '60464039', // ldrb w0, [x19, #17]   ; status:
    '761240b9', // ldr w22, [x19, #16]
    'd61a0072', // ands w22, w22, #0x7f
    '40f1ff54', // b.eq exit
    '881580d2', // mov x8, #0xac
    '010000d4', // svc #0x0
    'e103162a', // mov w1, w22
    '281080d2', // mov x8, #0x81
    '010000d4', // svc #0x0
    'c9060051', // sub w9, w22, #0x1
    '2a0080d2', // mov x10, #0x1
    '4a21c99a', // lsl x10, x10, x9
    '6a0600f9', // str x10, [x19, #8]
    '200080d2', // mov x0, #0x1
    '61220091', // add x1, x19, #0x8
    '020080d2', // mov x2, #0x0
    '030180d2', // mov x3, #0x8
    'e81080d2', // mov x8, #0x87
    '010000d4', // svc #0x0
    'c0020211', // add w0, w22, #0x80
    '79ffff17', // b exit
    'f503002a', // mov w21, w0   ; tend:
    '601a41b9', // ldr w0, [x19, #280]
    '611e41b9', // ldr w1, [x19, #284]
    'a1f2ff34', // cbz w1, loop
    '020080d2', // mov x2, #0x0
    '883680d2', // mov x8, #0x1b4
    '010000d4', // svc #0x0
    '91ffff17', // b loop
    '18008052', // mov w24, #0x0   ; deliver:
    'df720071', // cmp w22, #0x1c
    '80f6ff54', // b.eq forward
    '79aa40b9', // ldr w25, [x19, #168]
    'df3e0071', // cmp w22, #0xf
    '41000054', // b.ne each
    '99050034', // cbz w25, ask
    'e18640f8', // ldr x1, [x23], #8   ; each:
    'c10400b4', // cbz x1, given
    '600c8012', // mov w0, #-100
    '020080d2', // mov x2, #0x0
    '030080d2', // mov x3, #0x0
    '080780d2', // mov x8, #0x38
    '010000d4', // svc #0x0
    '20ffff37', // tbnz w0, #31, each
    'fa03002a', // mov w26, w0
    '61020391', // add x1, x19, #0xc0
    '020280d2', // mov x2, #0x10
    'e80780d2', // mov x8, #0x3f
    '010000d4', // svc #0x0
    '1b008052', // mov w27, #0x0
    '1f000071', // cmp w0, #0x0
    '2d010054', // b.le number
    '61020391', // add x1, x19, #0xc0
    '4a018052', // mov w10, #0xa
    '29144038', // ldrb w9, [x1], #1   ; digit:
    '29c10051', // sub w9, w9, #0x30
    '3f250071', // cmp w9, #0x9
    '68000054', // b.hi number
    '7b270a1b', // madd w27, w27, w10, w9
    'fbffff17', // b digit
    '7b010034', // cbz w27, close   ; number:
    '692a40b9', // ldr w9, [x19, #40]
    '3f010271', // cmp w9, #0x80
    '41000054', // b.ne one
    'fb031b4b', // neg w27, w27
    'e0031b2a', // mov w0, w27   ; one:
    'e103162a', // mov w1, w22
    '281080d2', // mov x8, #0x81
    '010000d4', // svc #0x0
    '40000035', // cbnz w0, close
    '18070011', // add w24, w24, #0x1
    'e0031a2a', // mov w0, w26   ; close:
    '280780d2', // mov x8, #0x39
    '010000d4', // svc #0x0
    'daffff17', // b each
    '78010035', // cbnz w24, stop   ; given:
    'df3e0071', // cmp w22, #0xf
    '08ecff54', // b.hi loop
    'f9ebff35', // cbnz w25, loop
    '29008052', // mov w9, #0x1   ; ask:
    '69aa00b9', // str w9, [x19, #168]
    'e003152a', // mov w0, w21
    'e1018052', // mov w1, #0xf
    '281080d2', // mov x8, #0x81
    '010000d4', // svc #0x0
    '58ffff17', // b loop
    'c9520051', // sub w9, w22, #0x14   ; stop:
    '3f090071', // cmp w9, #0x2
    'a8eaff54', // b.hi loop
    '881580d2', // mov x8, #0xac
    '010000d4', // svc #0x0
    '61028052', // mov w1, #0x13
    '281080d2', // mov x8, #0x81
    '010000d4', // svc #0x0
    '4fffff17', // b loop
  ].join(''),
};

const ELF_HEADER = 64;
const PROGRAM_HEADER = 56;
const EM = {x64: 62, arm64: 183} as const;
const READ_EXECUTE = 5;
const READ_WRITE = 6;

/** Collects what has an address in the program, each once. */
class Data {
  readonly #parts: Buffer[] = [];
  readonly #placed = new Map<Uint8Array | string, bigint>();
  #next: bigint;

  constructor(address: bigint) {
    this.#next = address;
  }

  place(what: Uint8Array | string): bigint {
    const placed = this.#placed.get(what);
    if (placed !== undefined) return placed;
    const bytes = typeof what === 'string' ? Buffer.from(what) : what;
    const padded = Buffer.alloc(Math.ceil(bytes.length / 8) * 8);
    padded.set(bytes);
    const address = this.#next;
    this.#parts.push(padded);
    this.#placed.set(what, address);
    this.#next += BigInt(padded.length);
    return address;
  }

  get content(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

/** linux/sched.h */
const CLONE_CHILD_SETTID = 0x0100_0000;

/** Arguments of a `clone` whose child finds its own number where `child` is. */
export const tellingChild = (flags: number): ProgramCall['args'] =>
  process.arch === 'arm64'
    ? [flags | CLONE_CHILD_SETTID, 0, 0, 0, 'child']
    : [flags | CLONE_CHILD_SETTID, 0, 0, 'child', 0];

/**
 * A program, in a file that only its descriptor leads to, that makes these system calls and no others of its own but for waiting and ending. The last one must not return. It may be
 * read by nobody but root.
 * @param ownSession the child that is waited for is in another session: it gets what the terminal sends from its parent, who does not stop with it. There is no shell that would
 * continue both, and who continues the child alone, from within the pod, would leave its parent stopped for ever
 */
export const callProgram = (calls: readonly ProgramCall[], options: ProgramOptions = {}): Fd => {
  const file = executableMemoryFile('rkt-enter', callProgramBytes(calls, options));
  fchmodSync(file.number, 0o500);
  return file;
};

interface ProgramOptions {
  readonly ownSession?: boolean;
  readonly tended?: Tended;
  readonly last?: Last;
}

/** The bytes of {@link callProgram}, for a file of the pod. */
export const callProgramBytes = (
  calls: readonly ProgramCall[],
  {ownSession = false, tended, last}: ProgramOptions = {},
): Buffer => {
  const code = Buffer.from(CODE[process.arch] ?? '', 'hex');
  if (code.length === 0) throw new Error(`no instructions for ${process.arch}`);
  const all = calls.flatMap((call) => [call, ...(call.child ?? call.instead ?? [])]);
  const list = Buffer.alloc(HEAD + all.length * RECORD_BYTES);
  const data = new Data(LIST_AT + BigInt(list.length));
  encode(all, list, data);
  list.writeBigUInt64LE(0xffff_ffff_ffff_ffffn, ALL_SIGNALS_AT);
  list.writeUInt32LE(ownSession ? 1 : 0, OWN_SESSION_AT);
  if (tended !== undefined) tend(tended, list, data);
  if (last !== undefined) {
    list.writeUInt32LE(last.holds.number, HOLDS_AT);
    list.writeUInt32LE(last.pid, LAST_AT);
    close(last.closes, list);
  }
  return elf(code, Buffer.concat([list, data.content]));
};

const close = ([first, last]: Closes, list: Buffer): void => {
  list.writeUInt32LE(first, CLOSE_FIRST_AT);
  list.writeUInt32LE(last, CLOSE_LAST_AT);
};

const tend = ({members, relay, closes}: Tended, list: Buffer, data: Data): void => {
  list.writeBigUInt64LE(placeStrings(members.map(cString), data), MEMBERS_AT);
  if (closes !== undefined) close(closes, list);
  if (relay === undefined) return;
  list.writeUInt32LE(relay.from.number, RELAY_FROM_AT);
  list.writeUInt32LE(relay.to.number, RELAY_TO_AT);
  list.writeBigUInt64LE(data.place(Buffer.alloc(RELAY_ROOM)), RELAY_ROOM_AT);
};

/** `char *[]` with its null pointer at the end. */
const placeStrings = (strings: readonly Uint8Array[], data: Data): bigint => {
  const pointers = Buffer.alloc((strings.length + 1) * 8);
  strings.forEach((bytes, index) => {
    pointers.writeBigUInt64LE(data.place(bytes), index * 8);
  });
  return data.place(pointers);
};

const encode = (calls: readonly ProgramCall[], list: Buffer, data: Data): void => {
  const word = (argument: ProgramArgument, at: number): bigint => {
    if (typeof argument === 'number' || typeof argument === 'bigint') return BigInt(argument);
    if (argument === 'child') return LIST_AT + BigInt(CHILD_AT);
    if (argument === 'environment') {
      if (list.readBigUInt64LE(ENVIRONMENT_AT) !== 0n) throw new Error('several calls take the environment');
      list.writeBigUInt64LE(LIST_AT + BigInt(at), ENVIRONMENT_AT);
      return 0n;
    }
    if (argument instanceof Uint8Array) return data.place(argument);
    if ('filter' in argument) return data.place(filterProgram(argument.filter.length, data.place(argument.filter)));
    return placeStrings(argument.strings, data);
  };
  calls.forEach(({name, args, parent, child, instead, tolerates = [], otherwise}, index) => {
    if (args.length > MAX_ARGUMENTS || tolerates.length > MAX_TOLERATED) throw new Error(`${name}: too many arguments`);
    const at = HEAD + index * RECORD_BYTES;
    const [first = 0, second = 0, third = 0] = tolerates.map((errno) => ERRNO[errno]);
    const mode = parent !== undefined ? PARENTS[parent] : instead !== undefined ? INSTEAD : 0;
    const words = [BigInt(SYS[name]), ...args.map((argument, position) => word(argument, at + (position + 1) * 8))];
    while (words.length <= MAX_ARGUMENTS) words.push(0n);
    words.push(pair(mode | (first << 16), second | (third << 16)));
    words.push(data.place(otherwise.say), BigInt(Buffer.byteLength(otherwise.say)));
    words.push(pair(otherwise.status, (child ?? instead ?? []).length * RECORD_BYTES));
    words.forEach((value, position) => {
      list.writeBigInt64LE(BigInt.asIntN(64, value), at + position * 8);
    });
  });
};

const pair = (low: number, high: number): bigint => BigInt(low) | (BigInt(high) << 32n);

/** A static ELF file. */
const elf = (code: Buffer, list: Buffer): Buffer => {
  const header = Buffer.alloc(ELF_HEADER + 2 * PROGRAM_HEADER);
  if (header.length + code.length > LIST_IN_FILE) throw new Error('too many instructions');
  header.write('7f454c46020101', 'hex');
  header.writeUInt16LE(2, 16);
  header.writeUInt16LE(EM[process.arch === 'arm64' ? 'arm64' : 'x64'], 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(CODE_AT + BigInt(header.length), 24);
  header.writeBigUInt64LE(BigInt(ELF_HEADER), 32);
  header.writeUInt16LE(ELF_HEADER, 52);
  header.writeUInt16LE(PROGRAM_HEADER, 54);
  header.writeUInt16LE(2, 56);
  const segment = (at: number, flags: number, [place, address, size]: readonly [number, bigint, number]): void => {
    header.writeUInt32LE(1, at);
    header.writeUInt32LE(flags, at + 4);
    [BigInt(place), address, address, BigInt(size), BigInt(size), BigInt(PAGE)].forEach((value, word) => {
      header.writeBigUInt64LE(value, at + 8 + word * 8);
    });
  };
  segment(ELF_HEADER, READ_EXECUTE, [0, CODE_AT, header.length + code.length]);
  segment(ELF_HEADER + PROGRAM_HEADER, READ_WRITE, [LIST_IN_FILE, LIST_AT, list.length]);
  const file = Buffer.alloc(LIST_IN_FILE + list.length);
  for (const [part, at] of [
    [header, 0],
    [code, header.length],
    [list, LIST_IN_FILE],
  ] as const)
    part.copy(file, at);
  return file;
};
