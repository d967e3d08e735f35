// For the receivers in C and C++: a socket on a free port of 127.0.0.1, SIGTERM, and waiting for a batch.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE // g++ defines it already
#endif
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum {
  RECEIVE_BUFFER_BYTES = 26214400,
  IDLE_MS = 100,
};
static const long SLEEP_US_MIN = 1000, SLEEP_US_MAX = 8000;

static volatile sig_atomic_t stopping;

static void stop(int signal) {
  (void)signal;
  stopping = 1;
}

// Returns the socket's file descriptor, or -1.
static int listen_on_free_port(void) {
  struct sigaction on_stop;
  memset(&on_stop, 0, sizeof on_stop);
  on_stop.sa_handler = stop;
  sigaction(SIGTERM, &on_stop, NULL);
  int fd = socket(AF_INET, SOCK_DGRAM, 0), bytes = RECEIVE_BUFFER_BYTES;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0)
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  // A blocked read returns after IDLE_MS: a signal that comes just before the read does not interrupt it.
  struct timeval patience = {0, IDLE_MS * 1000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  struct sockaddr_in address;
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (bind(fd, (struct sockaddr *)&address, length) != 0 || getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
    perror("receive: cannot listen");
    return -1;
  }
  printf("{\"event\":\"listening\",\"address\":\"127.0.0.1:%d\"}\n", ntohs(address.sin_port));
  fflush(stdout);
  return fd;
}

static void wait_for_datagram(int fd) {
  struct pollfd readable = {fd, POLLIN, 0};
  poll(&readable, 1, IDLE_MS);
}

// Sleeps after a read of `count` datagrams, unless that is at least half of `most`, the size of a full batch.
// Returns how long to sleep after the next read.
static long sleep_after(int count, int most, long sleep_us) {
  if (count >= most / 2) return sleep_us / 2 > SLEEP_US_MIN ? sleep_us / 2 : SLEEP_US_MIN;
  if (count < most / 4) sleep_us = sleep_us * 2 < SLEEP_US_MAX ? sleep_us * 2 : SLEEP_US_MAX;
  struct timespec time = {0, sleep_us * 1000};
  nanosleep(&time, NULL);
  return sleep_us;
}
