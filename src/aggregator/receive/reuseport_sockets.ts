import { formatHostPort } from "../../shared/address.ts";
import { addressOf, AF_INET6, memmove, memread, openLibc, sockaddr } from "../../shared/libc.ts";

/**
 * The only C functions that the master can call: to open, set up, query and close sockets, and to wake
 * workers.
 */
export const SOCKET_SYMBOLS = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  eventfd_write: { parameters: ["i32", "u64"], result: "i32" },
  __errno_location: { parameters: [], result: "usize" },
  memmove,
  memread,
} as const;

/** From socket(2), socket(7), ipv6(7) and <asm-generic/socket.h>. */
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_REUSEPORT = 15;
const SO_RCVBUFFORCE = 33;
const SO_ATTACH_REUSEPORT_CBPF = 51;
const SO_MEMINFO = 55;
const SO_BINDTOIFINDEX = 62;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;

/** EFD_NONBLOCK | EFD_CLOEXEC of eventfd(2), with the values that open(2) has for them. */
const EFD_NONBLOCK_CLOEXEC = 0o4000 | 0o2000000;

/** The highest possible interface index. The kernel counts up from 1, so no interface has it. */
const NO_INTERFACE = 0x7fffffff;

/** A SocketReading in which every value is known. */
type KnownReading = Readonly<Record<"dropped" | "queuedBytes" | "bufferBytes", number>>;

/** SO_MEMINFO returns nine 32-bit values: first the queue's size, then its limit, ..., last sk_drops. */
const MEMINFO_VALUES = 9;
const MEMINFO_RMEM_ALLOC = 0;
const MEMINFO_RCVBUF = 1;
const MEMINFO_DROPS = 8;

/**
 * How much of a receive buffer a small datagram takes: its bytes and the kernel's struct sk_buff, rounded up.
 */
const SMALL_DATAGRAM_TRUESIZE_BYTES = 768;

/** The flood that a sleeping worker's socket must hold: more than one core can send over loopback. */
const FLOOD_DATAGRAMS_A_SECOND = 1_000_000;
/** The longest sleep of a worker, because a kill also loses what arrives during it. A tick ends it early. */
const SLEEP_MS_MAX = 20;

/** Texts for the errno values (errno(3)) that a user can do something about. */
const ERRNO_TEXT: Record<number, string> = {
  1: "not permitted",
  13: "permission denied: ports below 1024 need root or CAP_NET_BIND_SERVICE",
  24: "too many open files: raise `ulimit -n`",
  97: "this machine has no such address family",
  98: "the address is in use by another program; stop that program or choose another port with --listen",
  99: "this machine has no such address; see `ip address`, or listen on 0.0.0.0",
};

/**
 * The sockets of one address: one for each worker, opened and owned by the master. The kernel gives each
 * datagram to a random socket of the group (SO_REUSEPORT with a BPF program, socket(7)). By default it would
 * choose by the sender's address, so a single sender would keep only one worker busy. The order of messages
 * does not matter for a sum, a maximum and a minimum.
 */
export class ReuseportSockets {
  readonly #libc = openLibc(SOCKET_SYMBOLS);
  readonly hostname: string;
  readonly #fds: number[] = [];
  readonly #wakeups: number[] = [];
  /**
   * Drops by socket: the kernel's last reading, and the total. The kernel's counter has 32 bits and wraps.
   */
  readonly #drops: { last: number; total: number }[] = [];
  #port: number;

  /**
   * @param sockets how many to open: one for each worker
   * @param bufferBytes receive buffer to ask for, as in SO_RCVBUF
   * @throws {Error} A socket can't be opened or bound; the message says why and what to do.
   */
  constructor(hostname: string, port: number, sockets: number, bufferBytes: number) {
    this.hostname = hostname;
    this.#port = port;
    try {
      for (let i = 0; i < sockets; i++) this.#open(bufferBytes);
      if (sockets > 1) this.#balanceAtRandom();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get port(): number {
    return this.#port;
  }

  get fds(): readonly number[] {
    return this.#fds;
  }

  /** For each socket an eventfd(2) that wakes the worker waiting for it. */
  get wakeups(): readonly number[] {
    return this.#wakeups;
  }

  /** Wakes the workers that wait for datagrams, so that they look at the control word. */
  ring(): void {
    for (const wakeup of this.#wakeups) this.#libc.symbols.eventfd_write(wakeup, 1n);
  }

  /** The receive buffer that the kernel granted, in the unit of SO_RCVBUF: the kernel reports twice that. */
  get bufferBytes(): number {
    return this.#option(this.#fds[0]!, SO_RCVBUF, 1)[0]! / 2;
  }

  /** How many milliseconds a worker may sleep between two reads without its socket overflowing in a flood. */
  get sleepMsMax(): number {
    const datagrams = 2 * this.bufferBytes / SMALL_DATAGRAM_TRUESIZE_BYTES;
    const floodMs = datagrams / FLOOD_DATAGRAMS_A_SECOND * 1000;
    return floodMs < 1 ? 0 : Math.min(SLEEP_MS_MAX, floodMs);
  }

  /** Reads the counters of each socket. To count drops right, call it at least once in 2^32 drops. */
  readings(): KnownReading[] {
    return this.#fds.map((fd, i) => {
      const info = this.#option(fd, SO_MEMINFO, MEMINFO_VALUES);
      const drops = this.#drops[i]!;
      drops.total += (info[MEMINFO_DROPS]! - drops.last) >>> 0;
      drops.last = info[MEMINFO_DROPS]!;
      return {
        dropped: drops.total,
        queuedBytes: info[MEMINFO_RMEM_ALLOC]!,
        bufferBytes: info[MEMINFO_RCVBUF]!,
      };
    });
  }

  /** How many datagrams the kernel has dropped because a socket's buffer was full. */
  dropped(): number {
    return this.readings().reduce((sum, { dropped }) => sum + dropped, 0);
  }

  /**
   * Stops new datagrams from arriving; those in the sockets can still be read. The sockets leave the kernel's
   * group, so in an overlapping restart all new datagrams go to the other process on this port.
   */
  stopAccepting(): void {
    for (const fd of this.#fds) {
      // Nothing arrives on an interface that does not exist. This also removes the socket from its group.
      if (this.#setOption(fd, SOL_SOCKET, SO_BINDTOIFINDEX, NO_INTERFACE) >= 0) continue;
      // Before Linux 5.1: a connected socket receives only from its peer (udp(7)); nothing sends from port 1.
      const wildcard = { "0.0.0.0": "127.0.0.1", "::": "::1" }[this.hostname];
      const peer = sockaddr(wildcard ?? this.hostname, 1);
      this.#libc.symbols.connect(fd, peer.bytes, peer.bytes.length);
    }
  }

  close(): void {
    for (const fd of [...this.#fds.splice(0), ...this.#wakeups.splice(0)]) this.#libc.symbols.close(fd);
    this.#libc.close();
  }

  #open(bufferBytes: number): void {
    const { socket, eventfd, bind, getsockname } = this.#libc.symbols;
    const address = sockaddr(this.hostname, this.#port);
    const fd = this.#check(socket(address.family, SOCK_DGRAM_CLOEXEC, 0));
    this.#fds.push(fd);
    this.#drops.push({ last: 0, total: 0 });
    this.#wakeups.push(this.#check(eventfd(0, EFD_NONBLOCK_CLOEXEC)));
    this.#check(this.#setOption(fd, SOL_SOCKET, SO_REUSEPORT, 1));
    if (address.family === AF_INET6) this.#check(this.#setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0));
    // SO_RCVBUFFORCE needs CAP_NET_ADMIN. SO_RCVBUF does not, but the kernel limits it to net.core.rmem_max.
    if (this.#setOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, bufferBytes) < 0) {
      this.#check(this.#setOption(fd, SOL_SOCKET, SO_RCVBUF, bufferBytes));
    }
    this.#check(bind(fd, address.bytes, address.bytes.length));
    this.#check(getsockname(fd, address.bytes, new Uint32Array([address.bytes.length])));
    this.#port = new DataView(address.bytes.buffer).getUint16(2);
  }

  /**
   * Attaches the classic BPF program `return random() % sockets` to the group, once all sockets are bound.
   */
  #balanceAtRandom(): void {
    const { setsockopt, memmove } = this.#libc.symbols;
    const program = new ArrayBuffer(3 * 8);
    const view = new DataView(program);
    // struct sock_filter: code (u16), jt, jf (u8), k (u32). SKF_AD_OFF + SKF_AD_RANDOM loads a random number.
    [[0x20, 0xfffff000 + 56], [0x94, this.#fds.length], [0x16, 0]].forEach(([code, k], i) => {
      view.setUint16(8 * i, code!, true);
      view.setUint32(8 * i + 4, k!, true);
    });
    // struct sock_fprog: length in instructions (u16, padded to 8), pointer.
    const fprog = new BigUint64Array([3n, addressOf(memmove, new Uint8Array(program))]);
    this.#check(
      setsockopt(this.#fds[0]!, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, fprog, fprog.byteLength),
    );
    // This use keeps the program's bytes from being garbage collected before the kernel has copied them.
    view.getUint8(0);
  }

  #setOption(fd: number, level: number, option: number, value: number): number {
    return this.#libc.symbols.setsockopt(fd, level, option, new Int32Array([value]), 4);
  }

  #option(fd: number, option: number, values: number): Uint32Array {
    const value = new Uint32Array(values);
    this.#check(
      this.#libc.symbols.getsockopt(fd, SOL_SOCKET, option, value, new Uint32Array([value.byteLength])),
    );
    return value;
  }

  /** Returns the result of a system call, or throws the error that errno names. */
  #check(result: number): number {
    if (result >= 0) return result;
    const { __errno_location, memread } = this.#libc.symbols;
    const errno = new Int32Array(1);
    memread(errno, __errno_location(), 4n);
    const address = formatHostPort({ hostname: this.hostname, port: this.#port });
    const code = errno[0]!;
    throw new Error(`Cannot listen on ${address}: ${ERRNO_TEXT[code] ?? `the kernel says errno ${code}`}`);
  }
}
