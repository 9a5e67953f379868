// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/listener.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/number.h"

#define LIBRARY "libmicrohttpd.so.12"
#define CONNECTIONS 16
#define CONNECTION_MEMORY 8192
#define TIMEOUT_S 10
#define ADDRESS_MAX 80

struct library {
	void *handle;
	__typeof__(&MHD_start_daemon) start_daemon;
	__typeof__(&MHD_stop_daemon) stop_daemon;
	__typeof__(&MHD_create_response_from_buffer) create_response;
	__typeof__(&MHD_add_response_header) add_header;
	__typeof__(&MHD_queue_response) queue_response;
	__typeof__(&MHD_destroy_response) destroy_response;
};

struct listener {
	struct library library;
	struct MHD_Daemon *daemon;
	struct metrics *metrics; /* borrowed */
	int fd;
	char address[ADDRESS_MAX];
};

static int load(struct library *library, struct fault *fault)
{
	void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (!handle)
		return fault_set(fault, -ENOENT,
			"cannot load " LIBRARY ", which answers --listen: install it (Debian: libmicrohttpd12), or say --listen none");
	*library = (struct library){
		.handle = handle,
		.start_daemon = (__typeof__(&MHD_start_daemon))dlsym(handle, "MHD_start_daemon"),
		.stop_daemon = (__typeof__(&MHD_stop_daemon))dlsym(handle, "MHD_stop_daemon"),
		.create_response = (__typeof__(&MHD_create_response_from_buffer))dlsym(
			handle, "MHD_create_response_from_buffer"),
		.add_header = (__typeof__(&MHD_add_response_header))dlsym(handle, "MHD_add_response_header"),
		.queue_response = (__typeof__(&MHD_queue_response))dlsym(handle, "MHD_queue_response"),
		.destroy_response = (__typeof__(&MHD_destroy_response))dlsym(handle, "MHD_destroy_response"),
	};
	if (library->start_daemon && library->stop_daemon && library->create_response && library->add_header &&
		library->queue_response && library->destroy_response)
		return 0;
	dlclose(handle);
	return fault_set(fault, -ENOENT, "this " LIBRARY " lacks functions: install Debian's libmicrohttpd12");
}

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static int parse(const char *text, union address *out, socklen_t *size)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	char host[INET6_ADDRSTRLEN];
	uint64_t port;

	memset(out, 0, sizeof(*out));
	if (!colon || number_decimal(colon + 1, &port) || port > 65535 || !len || len >= sizeof(host) + 2)
		return -EINVAL;
	if (text[0] == '[' && text[len - 1] == ']' && len - 2 < sizeof(host)) {
		snprintf(host, sizeof(host), "%.*s", (int)(len - 2), text + 1);
		out->v6.sin6_family = AF_INET6;
		out->v6.sin6_port = htons((uint16_t)port);
		*size = sizeof(out->v6);
		return inet_pton(AF_INET6, host, &out->v6.sin6_addr) == 1 ? 0 : -EINVAL;
	}
	if (len >= sizeof(host))
		return -EINVAL;
	snprintf(host, sizeof(host), "%.*s", (int)len, text);
	out->v4.sin_family = AF_INET;
	out->v4.sin_port = htons((uint16_t)port);
	*size = sizeof(out->v4);
	return inet_pton(AF_INET, host, &out->v4.sin_addr) == 1 ? 0 : -EINVAL;
}

int listener_check(const char *address, struct fault *fault)
{
	union address parsed;
	socklen_t size;

	if (!parse(address, &parsed, &size))
		return 0;
	return fault_set(fault, -EINVAL, "'%s' is no address to listen on: write it like 127.0.0.1:7071, [::1]:7071, or none",
		address);
}

static void print_address(int fd, char text[ADDRESS_MAX])
{
	char host[INET6_ADDRSTRLEN] = "?";
	union address address;
	socklen_t size = sizeof(address);

	if (getsockname(fd, &address.any, &size))
		return;
	if (address.any.sa_family == AF_INET6)
		snprintf(text, ADDRESS_MAX, "[%s]:%u", inet_ntop(AF_INET6, &address.v6.sin6_addr, host, sizeof(host)),
			ntohs(address.v6.sin6_port));
	else
		snprintf(text, ADDRESS_MAX, "%s:%u", inet_ntop(AF_INET, &address.v4.sin_addr, host, sizeof(host)),
			ntohs(address.v4.sin_port));
}

static int bind_to(const char *text, struct fault *fault)
{
	union address address;
	socklen_t size;
	int fd, one = 1, err;

	if (parse(text, &address, &size))
		return listener_check(text, fault);
	fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fault_set(fault, -errno, "cannot listen on %s: %s", text, strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (!bind(fd, &address.any, size) && !listen(fd, CONNECTIONS))
		return fd;
	err = fault_set(fault, -errno, "cannot listen on %s: %s%s", text, strerror(errno),
		errno == EADDRINUSE ? "; say another --listen, or none" : "");
	close(fd);
	return err;
}

/* The body is copied. */
static enum MHD_Result answer(const struct listener *listener, struct MHD_Connection *connection, unsigned status,
	const char *type, const char *body, size_t size)
{
	const struct library *library = &listener->library;
	struct MHD_Response *response = library->create_response(size, (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	library->add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	library->add_header(response, "X-Content-Type-Options", "nosniff");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		library->add_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = library->queue_response(connection, status, response);
	library->destroy_response(response);
	return result;
}

static enum MHD_Result answer_text(
	const struct listener *listener, struct MHD_Connection *connection, unsigned status, const char *text)
{
	return answer(listener, connection, status, "text/plain; charset=utf-8", text, strlen(text));
}

static enum MHD_Result answer_metrics(const struct listener *listener, struct MHD_Connection *connection)
{
	struct buf text = {0};
	enum MHD_Result result;

	if (metrics_print(listener->metrics, &text))
		result = answer_text(listener, connection, MHD_HTTP_SERVICE_UNAVAILABLE, "no memory\n");
	else
		result = answer(listener, connection, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", text.data,
			text.len);
	buf_release(&text);
	return result;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url, const char *method,
	const char *version, const char *upload, size_t *upload_size, void **state)
{
	const struct listener *listener = context;

	(void)version, (void)upload, (void)state;
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD)) {
		*upload_size = 0;
		return answer_text(listener, connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET only\n");
	}
	if (!strcmp(url, "/metrics"))
		return answer_metrics(listener, connection);
	if (!strcmp(url, "/healthz"))
		return metrics_is_alive(listener->metrics) ?
			answer_text(listener, connection, MHD_HTTP_OK, "ok\n") :
			answer_text(listener, connection, MHD_HTTP_SERVICE_UNAVAILABLE, "the sampling thread does not answer\n");
	if (!strcmp(url, "/readyz"))
		return metrics_is_ready(listener->metrics) ?
			answer_text(listener, connection, MHD_HTTP_OK, "ok\n") :
			answer_text(listener, connection, MHD_HTTP_SERVICE_UNAVAILABLE, "not sampling\n");
	return answer_text(listener, connection, MHD_HTTP_NOT_FOUND, "there are /metrics, /healthz and /readyz\n");
}

static int start(struct listener *listener, struct fault *fault)
{
	listener->daemon = listener->library.start_daemon(MHD_USE_POLL_INTERNAL_THREAD, 0, NULL, NULL, on_request, listener,
		MHD_OPTION_LISTEN_SOCKET, listener->fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)TIMEOUT_S, MHD_OPTION_END);
	if (listener->daemon)
		return 0;
	return fault_set(fault, -EIO, "cannot answer on %s: libmicrohttpd does not start", listener->address);
}

int listener_start(struct listener **out, const char *address, struct metrics *metrics, struct fault *fault)
{
	struct listener *listener = calloc(1, sizeof(*listener));
	int err;

	if (!listener)
		return fault_set(fault, -ENOMEM, "no memory to listen");
	listener->metrics = metrics;
	listener->fd = bind_to(address, fault);
	err = listener->fd < 0 ? listener->fd : load(&listener->library, fault);
	if (!err) {
		print_address(listener->fd, listener->address);
		err = start(listener, fault);
	}
	if (err) {
		listener_stop(listener);
		return err;
	}
	*out = listener;
	return 0;
}

int listener_fd(const struct listener *listener)
{
	return listener->fd;
}

const char *listener_address(const struct listener *listener)
{
	return listener->address;
}

void listener_stop(struct listener *listener)
{
	if (!listener)
		return;
	if (listener->daemon)
		listener->library.stop_daemon(listener->daemon); /* which closes its socket */
	else if (listener->fd >= 0)
		close(listener->fd);
	if (listener->library.handle)
		dlclose(listener->library.handle);
	free(listener);
}
