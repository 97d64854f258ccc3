/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/frame.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "abi/types.h"

void frame_set_timeout(int fd, int seconds)
{
	struct timeval timeout = {.tv_sec = seconds};

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
}

static int frame_errno(void)
{
	if (errno == EAGAIN)
		return ETIMEDOUT;
	return errno == ECONNRESET ? EPIPE : errno;
}

static int send_all(int fd, const void *bytes, size_t count)
{
	const u8 *next = bytes;

	while (count) {
		ssize_t sent = send(fd, next, count, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return -frame_errno();
		next += sent;
		count -= (size_t)sent;
	}
	return 0;
}

/* => 0; -EPIPE at the end of the stream, -ECONNRESET if that comes after a part */
static int receive_all(int fd, void *bytes, size_t count)
{
	u8 *next = bytes;

	while (count) {
		ssize_t got = recv(fd, next, count, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -frame_errno();
		if (!got)
			return next == (u8 *)bytes ? -EPIPE : -ECONNRESET;
		next += got;
		count -= (size_t)got;
	}
	return 0;
}

int frame_send(int fd, const json_t *message, struct error *error)
{
	char *text = json_dumps(message, JSON_COMPACT);
	size_t length = text ? strlen(text) : 0;
	__be32 header = htonl((u32)length);
	int result;

	if (!text)
		return error_set(error, ENOMEM, "out of memory");
	if (length > FRAME_MAX_BYTES) {
		free(text);
		return error_set(error, EMSGSIZE, "a message of %zu bytes, at most %d", length,
				 FRAME_MAX_BYTES);
	}
	result = send_all(fd, &header, sizeof(header));
	if (!result)
		result = send_all(fd, text, length);
	free(text);
	return result ? error_set_errno(error, -result, "sending a message") : 0;
}

static json_t *parse_message(char *text, size_t length, struct error *error)
{
	json_error_t where;
	json_t *message = json_loadb(text, length, JSON_REJECT_DUPLICATES, &where);

	if (!message)
		(void)error_set(error, EINVAL, "the message is no JSON: %s at byte %d", where.text,
				where.position);
	return message;
}

json_t *frame_receive(int fd, struct error *error)
{
	json_t *message = NULL;
	__be32 header;
	size_t length;
	char *text;
	int result = receive_all(fd, &header, sizeof(header));

	error->text[0] = '\0';
	if (result) {
		if (result != -EPIPE)
			(void)error_set_errno(error, -result, "receiving a message");
		return NULL;
	}
	length = ntohl(header);
	if (length > FRAME_MAX_BYTES) {
		(void)error_set(error, EMSGSIZE, "a message of %zu bytes, at most %d", length,
				FRAME_MAX_BYTES);
		return NULL;
	}
	text = malloc(length + 1);
	if (!text) {
		(void)error_set(error, ENOMEM, "out of memory for a message of %zu bytes", length);
		return NULL;
	}
	result = receive_all(fd, text, length);
	if (result)
		(void)error_set_errno(error, -result, "receiving a message of %zu bytes", length);
	else
		message = parse_message(text, length, error);
	free(text);
	return message;
}

static int socket_address(struct sockaddr_un *address, const char *path, struct error *error)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(address->sun_path))
		return error_set(error, ENAMETOOLONG, "%s: a socket's path has at most %zu bytes",
				 path, sizeof(address->sun_path) - 1);
	(void)strcpy(address->sun_path, path);
	return 0;
}

int frame_listen(const char *path, struct error *error)
{
	struct sockaddr_un address;
	int fd, result = socket_address(&address, path, error);

	if (result)
		return result;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_set_errno(error, errno, "making a socket");
	(void)unlink(path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || chmod(path, 0600) ||
	    listen(fd, SOMAXCONN)) {
		result = error_set_errno(error, errno, "listening on %s", path);
		(void)close(fd);
		return result;
	}
	return fd;
}

int frame_connect(const char *path, struct error *error)
{
	struct sockaddr_un address;
	int fd, result = socket_address(&address, path, error);

	if (result)
		return result;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_set_errno(error, errno, "making a socket");
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	result = error_set_errno(error, errno, "connecting to %s", path);
	(void)close(fd);
	return result;
}
