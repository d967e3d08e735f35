// receive naive|limit: receives messages on a free port of 127.0.0.1 until SIGTERM, and adds up A1 alone.
//
// Both modes share everything but how they wait: "naive" blocks in recvmmsg, as most programs do, and so pays a system
// call for every few datagrams; "limit" lets the socket's buffer fill and takes full batches, so that what is left is
// the least the kernel charges for a datagram. Neither checks a message: their cost is a floor.
//
// Reports as the other contenders do, in lines of JSON: {"event":"listening",…} at first, {"event":"stopped",…} at last.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum {
  BATCH = 1024,
  DATAGRAM_BYTES_MAX = 2048,
  STRIDE = DATAGRAM_BYTES_MAX + 64, // no power of two: the datagrams would share a few sets of the cache
  RECEIVE_BUFFER_BYTES = 26214400,
  SLEEP_US_MIN = 1000,
  SLEEP_US_MAX = 8000,
  IDLE_MS = 100,
};

static volatile sig_atomic_t stopping;
static struct mmsghdr headers[BATCH];
static struct iovec slots[BATCH];
static char data[BATCH * STRIDE];
static unsigned long long received, accepted, a1_sum;

static void stop(int signal) {
  (void)signal;
  stopping = 1;
}

static int listen_on_free_port(void) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0), bytes = RECEIVE_BUFFER_BYTES;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0)
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  // A blocked read looks up now and then: a signal that comes just before it would not wake it.
  struct timeval patience = {.tv_usec = IDLE_MS * 1000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  if (bind(fd, (struct sockaddr *)&address, length) != 0 || getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
    perror("receive: cannot listen");
    return -1;
  }
  printf("{\"event\":\"listening\",\"address\":\"127.0.0.1:%d\"}\n", ntohs(address.sin_port));
  fflush(stdout);
  return fd;
}

// One message a line, and A1 first: {"A1":17, "A2":…
//                                   012345^
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
    if (count <= 0) {
      poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, IDLE_MS);
      continue;
    }
    if (count >= BATCH / 2) {
      sleep_us = sleep_us / 2 > SLEEP_US_MIN ? sleep_us / 2 : SLEEP_US_MIN;
      continue;
    }
    if (count < BATCH / 4) sleep_us = sleep_us * 2 < SLEEP_US_MAX ? sleep_us * 2 : SLEEP_US_MAX;
    nanosleep(&(struct timespec){.tv_nsec = sleep_us * 1000}, NULL);
  }
}

int main(int argc, char **argv) {
  int naive = argc == 2 && strcmp(argv[1], "naive") == 0;
  if (!naive && !(argc == 2 && strcmp(argv[1], "limit") == 0)) {
    fprintf(stderr, "usage: receive naive|limit\n");
    return 2;
  }
  sigaction(SIGTERM, &(struct sigaction){.sa_handler = stop}, NULL);
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
