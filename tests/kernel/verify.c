/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shows BPF objects to the running kernel's verifier.
 *
 *     verify OBJECT...
 *
 * => exit status 0 if every program is accepted within half of the instructions that the verifier
 *    is willing to follow [R38]; a program that is refused is explained by the kernel
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

enum { VERIFIER_LIMIT = 1000000, ALLOWED = VERIFIER_LIMIT / 2 };

static bool report_program(const char *path, const struct bpf_program *program)
{
	struct bpf_prog_info info = {0};
	__u32 bytes = sizeof(info);
	bool good;

	if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &bytes)) {
		(void)fprintf(stderr, "verify: %s: %s\n", path, strerror(errno));
		return false;
	}
	good = info.verified_insns <= ALLOWED;
	(void)printf("verify: %s: %s: %u instructions followed, %d allowed%s\n", path,
		     bpf_program__name(program), info.verified_insns, ALLOWED,
		     good ? "" : ": TOO MANY");
	return good;
}

static bool verify(const char *path)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct bpf_program *program;
	bool good = true;

	if (!object || bpf_object__load(object)) {
		(void)fprintf(stderr, "verify: %s: %s\n", path, strerror(errno));
		bpf_object__close(object);
		return false;
	}
	bpf_object__for_each_program(program, object)
		good &= report_program(path, program);
	bpf_object__close(object);
	return good;
}

int main(int argc, char **argv)
{
	bool good = argc > 1;

	if (!good)
		(void)fputs("usage: verify OBJECT...\n", stderr);
	for (int i = 1; i < argc; i++)
		good &= verify(argv[i]);
	return good ? 0 : 1;
}
