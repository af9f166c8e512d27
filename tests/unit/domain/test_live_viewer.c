/* SPDX-License-Identifier: Apache-2.0 */
/* A viewer's cursor over an outlet made by hand: no stream, no loop. */
#include <stdlib.h>
#include <string.h>

#include "domain/live/live_private.h"
#include "tests/unit/unit.h"

#define INTRO_BYTES 10

struct fixture {
	struct stream stream;
	struct outlet outlet;
	struct viewer viewer;
};

static struct intro *new_intro(uint32_t version)
{
	struct intro *intro = calloc(1, sizeof *intro + INTRO_BYTES);

	assert_non_null(intro);
	intro->refs = 1;
	intro->version = version;
	intro->size = INTRO_BYTES;
	memset(intro->bytes, (int)version, INTRO_BYTES);
	return intro;
}

static struct block *new_block(uint64_t start, size_t size)
{
	struct block *block = calloc(1, sizeof *block + size);

	assert_non_null(block);
	block->refs = 1;
	block->start = start;
	block->room = block->size = size;
	return block;
}

/* A viewer that is about to get the introduction, then the key frame at 20 of the block 0..100. */
static int start(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	struct outlet *outlet = &fixture->outlet;

	assert_non_null(fixture);
	outlet->stream = &fixture->stream;
	outlet->queue.blocks[0] = new_block(0, 100);
	outlet->queue.end = 1;
	outlet->head = 100;
	outlet->key = 20;
	outlet->intro = new_intro(1);
	fixture->viewer = (struct viewer){ .outlet = outlet,
		                           .is_started = true,
		                           .position = 20,
		                           .intro = intro_ref(outlet->intro),
		                           .intro_version = 1 };
	*state = fixture;
	return 0;
}

static int stop(void **state)
{
	struct fixture *fixture = *state;
	struct outlet *outlet = &fixture->outlet;

	for (uint64_t n = outlet->queue.first; n < outlet->queue.end; n++)
		block_unref(block_at(&outlet->queue, n));
	intro_unref(outlet->intro);
	intro_unref(fixture->viewer.intro);
	block_unref(fixture->viewer.held);
	free(fixture);
	return 0;
}

/* Another publisher: its introduction is 2, its first key frame stands at 100. */
static void change_source(struct outlet *outlet, struct viewer *viewer)
{
	struct block *old = block_at(&outlet->queue, 0);

	viewer_trimmed(viewer, old);
	block_unref(old);
	outlet->queue.blocks[1] = new_block(100, 50);
	outlet->queue.first = 1;
	outlet->queue.end = 2;
	outlet->head = 150;
	outlet->key = 100;
	outlet->source++;
	intro_unref(outlet->intro);
	outlet->intro = new_intro(2);
}

static void the_introduction_comes_before_the_key_frame(void **state)
{
	struct fixture *fixture = *state;
	struct iovec parts[4];

	size_t count = viewer_peek(&fixture->viewer, parts, 4);

	assert_int_equal(count, 2);
	assert_int_equal(parts[0].iov_len, INTRO_BYTES);
	assert_int_equal(parts[1].iov_len, 80);
}

static void a_half_sent_introduction_is_finished_before_another(void **state)
{
	struct fixture *fixture = *state;
	struct viewer *viewer = &fixture->viewer;
	struct iovec parts[4];

	viewer_advance(viewer, 4);
	change_source(&fixture->outlet, viewer);
	size_t count = viewer_peek(viewer, parts, 4);

	assert_int_equal(count, 1);
	assert_int_equal(parts[0].iov_len, 6);
	assert_int_equal(*(uint8_t *)parts[0].iov_base, 1);
	viewer_advance(viewer, 6);
	count = viewer_peek(viewer, parts, 4);
	assert_int_equal(count, 2);
	assert_int_equal(*(uint8_t *)parts[0].iov_base, 2);
	assert_int_equal(parts[1].iov_len, 50);
}

static void a_block_nothing_was_sent_of_is_not_held(void **state)
{
	struct fixture *fixture = *state;

	viewer_trimmed(&fixture->viewer, block_at(&fixture->outlet.queue, 0));

	assert_null(fixture->viewer.held);
}

static void a_half_sent_block_is_finished(void **state)
{
	struct fixture *fixture = *state;
	struct viewer *viewer = &fixture->viewer;
	struct iovec parts[4];

	viewer_advance(viewer, INTRO_BYTES + 30);
	change_source(&fixture->outlet, viewer);

	assert_int_equal(viewer_peek(viewer, parts, 4), 1);
	assert_int_equal(parts[0].iov_len, 50);
	viewer_advance(viewer, 50);
	assert_null(viewer->held);
	assert_int_equal(viewer_peek(viewer, parts, 4), 2);
	assert_int_equal(*(uint8_t *)parts[0].iov_base, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_introduction_comes_before_the_key_frame, start,
		                                stop),
		cmocka_unit_test_setup_teardown(a_half_sent_introduction_is_finished_before_another,
		                                start, stop),
		cmocka_unit_test_setup_teardown(a_block_nothing_was_sent_of_is_not_held, start,
		                                stop),
		cmocka_unit_test_setup_teardown(a_half_sent_block_is_finished, start, stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
