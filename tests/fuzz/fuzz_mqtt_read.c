/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte's lowest bit chooses the version; packets follow. What is read is written, and
 * that must be read again and be written the same. */
#include <assert.h>

#include "tests/fuzz/fuzz.h"
#include "tests/unit/proto/mqtt_echo.h"

#define PACKET_MAX 65536

static void check_packet(const struct mqtt_frame *frame, enum mqtt_version version)
{
	AUTO_BUF once = { 0 };
	AUTO_BUF twice = { 0 };
	struct mqtt_frame again;

	buf_init(&once, 2 * PACKET_MAX);
	buf_init(&twice, 2 * PACKET_MAX);
	if (mqtt_echo(frame, version, &once) != ERR_OK)
		return;
	enum err err = mqtt_read_frame(once.at, once.size, once.size, &again);
	assert(err == ERR_OK && again.size == once.size);
	/* A CONNECT brings its version with it, whatever was chosen. */
	err = mqtt_echo(&again, version, &twice);
	assert(err == ERR_OK);
	assert(str_equal(buf_str(&once), buf_str(&twice)));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct mqtt_frame frame;

	if (size == 0)
		return 0;
	enum mqtt_version version = bytes[0] & 1 ? MQTT_5 : MQTT_3_1_1;
	for (bytes++, size--; mqtt_read_frame(bytes, size, PACKET_MAX, &frame) == ERR_OK;) {
		check_packet(&frame, version);
		bytes += frame.size;
		size -= frame.size;
	}
	return 0;
}
