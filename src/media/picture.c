/* SPDX-License-Identifier: Apache-2.0 */
#include "media/picture.h"

#include <libavcodec/avcodec.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
#include <string.h>

#define JPEG_QUALITY 4 /* 2..31, the best first */

static const enum AVCodecID codec_ids[DECODE_CODEC_COUNT] = {
	[DECODE_H264] = AV_CODEC_ID_H264,
	[DECODE_H265] = AV_CODEC_ID_HEVC,
	[DECODE_AV1] = AV_CODEC_ID_AV1,
};

struct size {
	int width, height;
};

static enum decode_status from_av(int result)
{
	if (result >= 0)
		return DECODE_DONE;
	return result == AVERROR(ENOMEM) ? DECODE_NO_MEMORY : DECODE_BROKEN;
}

/* libavcodec reads a little past the end. */
static uint8_t *copy_padded(struct bytes bytes)
{
	uint8_t *copy = av_malloc(bytes.size + AV_INPUT_BUFFER_PADDING_SIZE);

	if (!copy)
		return NULL;
	if (bytes.size)
		memcpy(copy, bytes.at, bytes.size);
	memset(copy + bytes.size, 0, AV_INPUT_BUFFER_PADDING_SIZE);
	return copy;
}

static enum decode_status open_decoder(AVCodecContext *codec, struct bytes config)
{
	codec->thread_count = 1;
	codec->max_pixels = (int64_t)PICTURE_SIDE_MAX * PICTURE_SIDE_MAX;
	/* One frame is all there is: nothing is waited for, also after a recovery point. */
	codec->flags |= AV_CODEC_FLAG_LOW_DELAY;
	codec->flags2 |= AV_CODEC_FLAG2_SHOW_ALL;
	if (config.size) {
		codec->extradata = copy_padded(config);
		if (!codec->extradata)
			return DECODE_NO_MEMORY;
		codec->extradata_size = (int)config.size;
	}
	return from_av(avcodec_open2(codec, codec->codec, NULL));
}

static enum decode_status send_frame(AVCodecContext *codec, struct bytes frame)
{
	AVPacket *packet = av_packet_alloc();
	uint8_t *copy = copy_padded(frame);

	if (!packet || !copy || av_packet_from_data(packet, copy, (int)frame.size) < 0) {
		av_packet_free(&packet);
		av_free(copy);
		return DECODE_NO_MEMORY;
	}
	packet->flags |= AV_PKT_FLAG_KEY;
	enum decode_status status = from_av(avcodec_send_packet(codec, packet));
	if (status == DECODE_DONE)
		status = from_av(avcodec_send_packet(codec, NULL));
	av_packet_free(&packet);
	return status;
}

static enum decode_status decode(const struct decode_request *request, AVFrame *picture)
{
	const AVCodec *found = avcodec_find_decoder(codec_ids[request->codec]);

	if (!found)
		return DECODE_UNSUPPORTED;
	AVCodecContext *codec = avcodec_alloc_context3(found);
	if (!codec)
		return DECODE_NO_MEMORY;
	enum decode_status status = open_decoder(codec, request->config);
	if (status == DECODE_DONE)
		status = send_frame(codec, request->frame);
	if (status == DECODE_DONE)
		status = from_av(avcodec_receive_frame(codec, picture));
	/* The decoder refuses a picture that is too large as it refuses a broken one. */
	if (status == DECODE_BROKEN &&
	    (codec->width > PICTURE_SIDE_MAX || codec->height > PICTURE_SIDE_MAX))
		status = DECODE_TOO_LARGE;
	avcodec_free_context(&codec);
	if (status != DECODE_DONE)
		return status;
	if (picture->width > PICTURE_SIDE_MAX || picture->height > PICTURE_SIDE_MAX)
		return DECODE_TOO_LARGE;
	/* What was missing in the bytes was made up: better no picture than that. */
	return picture->decode_error_flags ? DECODE_BROKEN : DECODE_DONE;
}

/* The picture as it is meant to be seen, with square pixels, in a box of `most` by twice that. */
static struct size fit(const AVFrame *picture, int most)
{
	AVRational shape = picture->sample_aspect_ratio;
	int64_t width = picture->width, height = picture->height;

	if (shape.num > 0 && shape.den > 0 && shape.num < shape.den * 4 &&
	    shape.den < shape.num * 4)
		height = height * shape.den / shape.num;
	if (width > most) {
		height = height * most / width;
		width = most;
	}
	if (height > 2 * most) {
		width = width * 2 * most / height;
		height = 2 * most;
	}
	return (struct size){ width > 0 ? (int)width : 1, height > 0 ? (int)height : 1 };
}

/* Cameras say whether black is 0 or 16, JPEG's is 0. */
static void set_ranges(struct SwsContext *scaler, const AVFrame *picture)
{
	bool is_told = picture->colorspace != AVCOL_SPC_UNSPECIFIED;
	const int *matrix =
		sws_getCoefficients(is_told ? (int)picture->colorspace : SWS_CS_DEFAULT);
	const AVPixFmtDescriptor *format = av_pix_fmt_desc_get(picture->format);
	bool is_rgb = format && (format->flags & AV_PIX_FMT_FLAG_RGB);
	bool is_full = picture->color_range == AVCOL_RANGE_JPEG || is_rgb ||
	               picture->format == AV_PIX_FMT_YUVJ420P ||
	               picture->format == AV_PIX_FMT_YUVJ422P ||
	               picture->format == AV_PIX_FMT_YUVJ444P;

	(void)sws_setColorspaceDetails(scaler, matrix, is_full, sws_getCoefficients(SWS_CS_ITU601),
	                               1, 0, 1 << 16, 1 << 16);
}

static enum decode_status scale(const AVFrame *picture, struct size size, AVFrame *out)
{
	out->format = AV_PIX_FMT_YUVJ420P;
	out->width = size.width;
	out->height = size.height;
	if (av_frame_get_buffer(out, 0) < 0)
		return DECODE_NO_MEMORY;
	struct SwsContext *scaler =
		sws_getContext(picture->width, picture->height, picture->format, size.width,
	                       size.height, AV_PIX_FMT_YUVJ420P, SWS_AREA, NULL, NULL, NULL);
	if (!scaler)
		return DECODE_UNSUPPORTED;
	set_ranges(scaler, picture);
	int rows = sws_scale(scaler, (const uint8_t *const *)picture->data, picture->linesize, 0,
	                     picture->height, out->data, out->linesize);
	sws_freeContext(scaler);
	return rows == size.height ? DECODE_DONE : DECODE_BROKEN;
}

static enum decode_status encode_with(AVCodecContext *codec, AVFrame *frame, AVPacket *packet,
                                      struct buf *jpeg)
{
	codec->width = frame->width;
	codec->height = frame->height;
	codec->pix_fmt = AV_PIX_FMT_YUVJ420P;
	codec->time_base = (AVRational){ 1, 1 };
	codec->thread_count = 1;
	codec->flags |= AV_CODEC_FLAG_QSCALE;
	codec->global_quality = JPEG_QUALITY * FF_QP2LAMBDA;
	frame->quality = codec->global_quality;
	frame->pts = 0;
	enum decode_status status = from_av(avcodec_open2(codec, codec->codec, NULL));
	if (status == DECODE_DONE)
		status = from_av(avcodec_send_frame(codec, frame));
	if (status == DECODE_DONE)
		status = from_av(avcodec_receive_packet(codec, packet));
	if (status != DECODE_DONE)
		return status;
	buf_add(jpeg, packet->data, (size_t)packet->size);
	if (buf_err(jpeg) == ERR_OK)
		return DECODE_DONE;
	return buf_err(jpeg) == ERR_TOO_LARGE ? DECODE_TOO_LARGE : DECODE_NO_MEMORY;
}

static enum decode_status encode(AVFrame *frame, struct buf *jpeg)
{
	const AVCodec *found = avcodec_find_encoder(AV_CODEC_ID_MJPEG);

	if (!found)
		return DECODE_UNSUPPORTED;
	AVCodecContext *codec = avcodec_alloc_context3(found);
	AVPacket *packet = av_packet_alloc();
	enum decode_status status = DECODE_NO_MEMORY;
	if (codec && packet)
		status = encode_with(codec, frame, packet, jpeg);
	av_packet_free(&packet);
	avcodec_free_context(&codec);
	return status;
}

struct decode_answer picture_make(const struct decode_request *request, struct buf *jpeg)
{
	struct decode_answer answer = { .status = DECODE_NO_MEMORY, .number = request->number };
	AVFrame *picture = av_frame_alloc(), *small = av_frame_alloc();

	/* Its lines would hold what strangers wrote; the answer says what there is to say. */
	av_log_set_level(AV_LOG_QUIET);
	if (picture && small)
		answer.status = decode(request, picture);
	if (answer.status == DECODE_DONE)
		answer.status = scale(picture, fit(picture, request->width), small);
	if (answer.status == DECODE_DONE)
		answer.status = encode(small, jpeg);
	if (answer.status == DECODE_DONE) {
		answer.width = (uint16_t)small->width;
		answer.height = (uint16_t)small->height;
		answer.jpeg = bytes_of(jpeg->at, jpeg->size);
	}
	av_frame_free(&picture);
	av_frame_free(&small);
	return answer;
}
