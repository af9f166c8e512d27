/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rtmp_recorder.h — an owner of a server session that writes down, as text, what it is told, and
 * the bytes an encoder would send.
 */
#ifndef VIGIL_TESTS_RTMP_RECORDER_H
#define VIGIL_TESTS_RTMP_RECORDER_H

#include "base/buf.h"
#include "proto/rtmp/rtmp_server.h"

enum recorder_answer { ANSWER_ACCEPT, ANSWER_REFUSE, ANSWER_LATER };

struct recorder {
	struct rtmp_server *server;
	enum recorder_answer answer;
	struct buf sent;
	struct buf story; /* a line an event */
};

extern const struct rtmp_events recorder_events;

void recorder_init(struct recorder *recorder, enum recorder_answer answer);
void recorder_done(struct recorder *recorder);
enum err recorder_feed(struct recorder *recorder, const uint8_t *bytes, size_t size);

/* The last number of a media line in the story. */
uint32_t recorder_hash(const uint8_t *at, size_t size);

/* Encoders' bytes. */
void encoder_add_handshake(struct buf *out);
void encoder_add_message(struct buf *out, uint8_t type, uint32_t timestamp_ms, const void *body,
                         size_t size);
void encoder_add_connect(struct buf *out, const char *app, const char *tc_url);
void encoder_add_command(struct buf *out, const char *name, double transaction,
                         const char *argument);
void encoder_add_up_to_publish(struct buf *out, const char *name);
void encoder_add_up_to_play(struct buf *out, const char *name);

#endif
