/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/sentinel.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include <bpf/bpf.h>

#include "bpf/exchange.h"
#include "core/nat.h"

enum {
	FRAME_BYTES = 3072, /* a test run takes little more */
	ALIGNMENT = 2,      /* of the IP header, behind 14 bytes */
};

int sentinel_rehearse_natively(void *context, u8 *frame, u32 length, u32 ifindex, u32 half,
			       struct judgement *judgement)
{
	struct native_frame native = {.start = frame, .end = frame + length};

	(void)context;
	*judgement = nat_rehearse(&native, ifindex, half);
	return 0;
}

int sentinel_rehearse_in_kernel(void *context, u8 *frame, u32 length, u32 ifindex, u32 half,
				struct judgement *judgement)
{
	struct __attribute__((packed)) {
		struct rehearsal_exchange exchange;
		u8 frame[FRAME_BYTES];
	} room = {.exchange = {.ifindex = ifindex, .half = half}};
	u32 bytes = (u32)sizeof(room.exchange) + length;
	struct xdp_md md = {.data = sizeof(room.exchange), .data_end = bytes};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = &room, .data_size_in = bytes,
		    .data_out = &room, .data_size_out = sizeof(room), .ctx_in = &md,
		    .ctx_size_in = sizeof(md), .repeat = 1);
	int result;

	memcpy(room.frame, frame, length);
	result = bpf_prog_test_run_opts(*(const int *)context, &options);
	if (result)
		return result;
	*judgement = room.exchange.judgement;
	return options.retval == XDP_PASS ? 0 : -EPROTO;
}

static bool can_be_judged(const struct sample *sample)
{
	return sample->length <= FRAME_BYTES && sample->head_length;
}

static bool is_of_now(const struct sample *sample, const struct tables *tables)
{
	u32 half = !tables_idle_half(tables);

	return sample->half == half && sample->generation == tables->config[half].generation &&
	       sample->nexthop_generation == nexthop_generation(tables->control);
}

/* What lies behind the headers decides nothing; it is zeros here. */
static int judge_again(const struct sentinel_form *form, const struct sample *sample,
		       struct judgement *said)
{
	u8 room[FRAME_BYTES + ALIGNMENT] __attribute__((aligned(4))) = {0};

	memcpy(room + ALIGNMENT, sample->head, sample->head_length);
	return form->rehearse(form->context, room + ALIGNMENT, sample->length, sample->ifindex,
			      sample->half, said);
}

static void compare(struct sentinel *s, const struct tables *tables, const struct sample *sample)
{
	struct judgement said[FORM_COUNT];
	bool equal = true;

	for (u32 form = 0; form < FORM_COUNT; form++) {
		if (judge_again(&s->forms[form], sample, &said[form])) {
			s->failures++;
			return;
		}
		equal = equal && !memcmp(&said[form], &sample->judgement, sizeof(said[form]));
	}
	if (!is_of_now(sample, tables))
		return; /* not any more */
	s->compared++;
	if (equal)
		return;
	s->mismatches++;
	s->last = *sample;
	memcpy(s->last_said, said, sizeof(said));
}

/* The program in the kernel is never killed in the middle: whoever had a place is gone. */
void sentinel_start(struct sentinel *s, struct tables *tables)
{
	struct control *control = tables->control;

	for (u32 i = 0; i < SAMPLE_CAPACITY; i++)
		(void)atomic_swap(&control->samples.samples[i].state, SAMPLE_FREE);
	s->first = atomic_read(&control->sample_count);
}

u64 sentinel_look(struct sentinel *s, struct tables *tables)
{
	struct control *control = tables->control;
	u64 before = s->mismatches;

	for (u32 i = 0; i < SAMPLE_CAPACITY; i++) {
		struct sample *sample = &control->samples.samples[i];

		if (atomic_read(&sample->state) != SAMPLE_READY)
			continue;
		if (is_of_now(sample, tables) && can_be_judged(sample))
			compare(s, tables, sample);
		(void)atomic_swap(&sample->state, SAMPLE_FREE);
	}
	s->due = atomic_read(&control->sample_count) - s->first;
	return s->mismatches - before;
}
