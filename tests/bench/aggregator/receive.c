// receive naive|limit: receives messages on a free port of 127.0.0.1 until SIGTERM, and adds up A1 only.
//
// The modes differ only in how they wait. "naive" blocks in recvmmsg, as most programs do, so every few
// datagrams cost a system call. "limit" lets the socket's buffer fill and takes full batches, so its cost is
// the least that the kernel charges for a datagram. Neither mode checks messages: no correct receiver can be
// cheaper.
//
// Reports in lines of JSON, as the other contenders do: first {"event":"listening",…}, at the end
// {"event":"stopped",…}.
#include "receive.h"

enum {
  BATCH = 1024,
  DATAGRAM_BYTES_MAX = 2048,
  STRIDE = DATAGRAM_BYTES_MAX + 64, // not a power of two: datagrams would share a few sets of the cache
};

static struct mmsghdr headers[BATCH];
static struct iovec slots[BATCH];
static char data[BATCH * STRIDE];
static unsigned long long received, accepted, a1_sum;

// Expects one message per line, with A1 first: {"A1":17, "A2":…
//                                              012345^
static void add_up(const char *at, const char *end) {
  while (end - at > 6) {
    unsigned long long a1 = 0;
    for (at += 6; at < end && *at >= '0' && *at <= '9'; at++) a1 = a1 * 10 + (unsigned)(*at - '0');
    a1_sum += a1;
    accepted++;
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    at = newline ? newline + 1 : end;
  }
}

static int receive_batch(int fd, int flags) {
  int count = recvmmsg(fd, headers, BATCH, flags, NULL);
  for (int i = 0; i < count; i++) add_up(data + i * STRIDE, data + i * STRIDE + headers[i].msg_len);
  if (count > 0) received += (unsigned)count;
  return count;
}

static void receive_blocking(int fd) {
  while (!stopping) receive_batch(fd, MSG_WAITFORONE);
}

static void receive_full_batches(int fd) {
  long sleep_us = SLEEP_US_MIN;
  while (!stopping) {
    int count = receive_batch(fd, MSG_DONTWAIT);
    if (count <= 0) wait_for_datagram(fd);
    else sleep_us = sleep_after(count, BATCH, sleep_us);
  }
}

int main(int argc, char **argv) {
  int naive = argc == 2 && strcmp(argv[1], "naive") == 0;
  if (!naive && !(argc == 2 && strcmp(argv[1], "limit") == 0)) {
    fprintf(stderr, "usage: receive naive|limit\n");
    return 2;
  }
  for (int i = 0; i < BATCH; i++) {
    slots[i] = (struct iovec){.iov_base = data + i * STRIDE, .iov_len = DATAGRAM_BYTES_MAX};
    headers[i].msg_hdr = (struct msghdr){.msg_iov = &slots[i], .msg_iovlen = 1};
  }
  int fd = listen_on_free_port();
  if (fd < 0) return 1;
  if (naive) receive_blocking(fd);
  else receive_full_batches(fd);
  printf("{\"event\":\"stopped\",\"received\":%llu,\"accepted\":%llu,\"A1_sum\":%llu}\n", received, accepted, a1_sum);
  return 0;
}
