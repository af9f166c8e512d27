/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/live/key_frame.h"

#include "domain/live/live_private.h"

static struct block *block_of(const struct ring *ring, uint64_t position)
{
	for (uint64_t n = ring->queue.first; n < ring->queue.end; n++) {
		struct block *block = block_at(&ring->queue, n);
		if (position >= block->start && position < block->start + block->size)
			return block;
	}
	return NULL;
}

/* Under the stream's lock. */
static enum err look(const struct stream *stream, struct key_frame *out)
{
	const struct ring *ring = &stream->ring;
	struct block *block = ring->key == RING_NO_KEY ? NULL : block_of(ring, ring->key);

	if (!stream->publisher || !block)
		return ERR_CONFLICT;
	size_t at = (size_t)(ring->key - block->start);
	*out = (struct key_frame){
		.unit = { (const char *)block->bytes + at, block->size - at },
		.position = ring->key,
		.source = stream->source,
		.held_intro = intro_ref(stream->intro),
		.held_block = block_ref(block),
	};
	if (stream->intro)
		out->intro =
			(struct str){ (const char *)stream->intro->bytes, stream->intro->size };
	return ERR_OK;
}

enum err key_frame_open(struct live *live, struct str key, struct key_frame *out, struct why *why)
{
	enum err err = ERR_CONFLICT;

	(void)pthread_mutex_lock(&live->lock);
	struct stream *stream = map_get(&live->streams, key);
	if (stream) {
		stream_lock(stream);
		err = look(stream, out);
		stream_unlock(stream);
	}
	(void)pthread_mutex_unlock(&live->lock);
	if (err != ERR_OK)
		return why_set_reason(why, err, REASON_NOT_LIVE, NULL, "%s",
		                      reason_words(REASON_NOT_LIVE));
	return ERR_OK;
}

void key_frame_done(struct key_frame *frame)
{
	intro_unref(frame->held_intro);
	block_unref(frame->held_block);
	*frame = (struct key_frame){ 0 };
}
