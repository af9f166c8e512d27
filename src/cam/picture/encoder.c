/* SPDX-License-Identifier: Apache-2.0 */
#include "cam/picture/encoder.h"

#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>

#include "proto/flv/flv_media.h"
#include "proto/h26x/h264.h"
#include "proto/h26x/nal.h"

#define LUMA_LEAST 16 /* limited range: 16..235 */
#define LUMA_SPAN  219

struct encoder {
	AVCodecContext *codec;
	AVFrame *frame;
	AVPacket *packet;
	struct buf header;
	int64_t count;
};

static enum err from_av(int result)
{
	if (result >= 0)
		return ERR_OK;
	return result == AVERROR(ENOMEM) ? ERR_NO_MEMORY : ERR_INTERNAL;
}

static void add_head(struct buf *out, bool is_key, bool is_header)
{
	uint8_t head[FLV_AVC_HEAD_SIZE];

	buf_add(out, head, flv_write_avc_head(head, is_key, is_header, 0));
}

/* The FLV sequence header. */
static enum err write_header(struct buf *out, struct bytes extra)
{
	struct bytes nalu, sps = { 0 }, pps = { 0 };

	while (nal_read_annex_b(&extra, &nalu) == ERR_OK) {
		if (h264_nal_type(nalu) == H264_NAL_SPS)
			sps = nalu;
		if (h264_nal_type(nalu) == H264_NAL_PPS)
			pps = nalu;
	}
	add_head(out, true, true);
	return h264_write_config(sps, pps, out);
}

static AVFrame *new_frame(enum AVPixelFormat format)
{
	AVFrame *frame = av_frame_alloc();

	if (!frame)
		return NULL;
	frame->format = format;
	frame->width = SCENE_WIDTH;
	frame->height = SCENE_HEIGHT;
	if (av_frame_get_buffer(frame, 0) < 0)
		av_frame_free(&frame);
	return frame;
}

static void set_up(AVCodecContext *codec)
{
	codec->width = SCENE_WIDTH;
	codec->height = SCENE_HEIGHT;
	codec->pix_fmt = AV_PIX_FMT_YUV420P;
	codec->time_base = (AVRational){ 1, ENCODER_FPS };
	codec->framerate = (AVRational){ ENCODER_FPS, 1 };
	codec->gop_size = ENCODER_GOP;
	codec->max_b_frames = 0;
	codec->thread_count = 1;
	codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
	codec->rc_max_rate = 2000000;
	codec->rc_buffer_size = 2000000;
	(void)av_opt_set(codec->priv_data, "preset", "ultrafast", 0);
	(void)av_opt_set(codec->priv_data, "tune", "zerolatency", 0);
	(void)av_opt_set(codec->priv_data, "profile", "baseline", 0);
	(void)av_opt_set(codec->priv_data, "crf", "26", 0);
	(void)av_opt_set(codec->priv_data, "forced-idr", "1", 0);
}

enum err encoder_new(struct encoder **out, struct why *why)
{
	/* What goes on inside is told by return values; the library's own lines would mix in. */
	av_log_set_level(AV_LOG_ERROR);
	const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
	if (!codec)
		return why_set(why, ERR_UNSUPPORTED, "libavcodec has no encoder libx264");
	AUTO(encoder) encoder = calloc(1, sizeof *encoder);
	if (!encoder)
		return ERR_NO_MEMORY;
	buf_init(&encoder->header, 1024);
	encoder->codec = avcodec_alloc_context3(codec);
	encoder->frame = new_frame(AV_PIX_FMT_YUV420P);
	encoder->packet = av_packet_alloc();
	if (!encoder->codec || !encoder->frame || !encoder->packet)
		return ERR_NO_MEMORY;
	set_up(encoder->codec);
	enum err err = from_av(avcodec_open2(encoder->codec, codec, NULL));
	if (err == ERR_OK)
		err = write_header(&encoder->header,
		                   bytes_of(encoder->codec->extradata,
		                            (size_t)encoder->codec->extradata_size));
	if (err != ERR_OK)
		return why_set(why, err, "the H.264 encoder could not be opened");
	*out = TAKE(encoder);
	return ERR_OK;
}

void encoder_free(struct encoder *encoder)
{
	if (!encoder)
		return;
	avcodec_free_context(&encoder->codec);
	av_frame_free(&encoder->frame);
	av_packet_free(&encoder->packet);
	buf_done(&encoder->header);
	free(encoder);
}

enum err encoder_picture(struct encoder *encoder, struct scene_picture *out)
{
	enum err err = from_av(av_frame_make_writable(encoder->frame));

	for (int i = 0; err == ERR_OK && i < 3; i++) {
		out->planes[i] = encoder->frame->data[i];
		out->strides[i] = encoder->frame->linesize[i];
	}
	return err;
}

static void add_body(struct buf *out, struct bytes annexb, bool is_key)
{
	struct bytes nalu;

	add_head(out, is_key, false);
	while (nal_read_annex_b(&annexb, &nalu) == ERR_OK) {
		buf_add_u32(out, (uint32_t)nalu.size);
		buf_add(out, nalu.at, nalu.size);
	}
}

enum err encoder_encode(struct encoder *encoder, bool is_key_wanted, struct buf *out,
                        bool *out_is_key)
{
	AVFrame *frame = encoder->frame;

	frame->pts = encoder->count++;
	frame->pict_type = is_key_wanted ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
	enum err err = from_av(avcodec_send_frame(encoder->codec, frame));
	if (err == ERR_OK)
		err = from_av(avcodec_receive_packet(encoder->codec, encoder->packet));
	if (err != ERR_OK)
		return err;
	bool is_key = encoder->packet->flags & AV_PKT_FLAG_KEY;
	add_body(out, bytes_of(encoder->packet->data, (size_t)encoder->packet->size), is_key);
	av_packet_unref(encoder->packet);
	*out_is_key = is_key;
	return buf_err(out);
}

struct str encoder_header(const struct encoder *encoder)
{
	return buf_str(&encoder->header);
}

/* JPEG counts brightness from 0 to 255. */
static void widen_luma(AVFrame *frame)
{
	for (int y = 0; y < frame->height; y++)
		for (int x = 0; x < frame->width; x++) {
			uint8_t *at = frame->data[0] + y * frame->linesize[0] + x;
			int value = (*at - LUMA_LEAST) * 255 / LUMA_SPAN;
			*at = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
		}
}

static enum err encode_still(AVCodecContext *codec, AVFrame *frame, struct buf *out)
{
	AVPacket *packet = av_packet_alloc();

	if (!packet)
		return ERR_NO_MEMORY;
	codec->width = frame->width;
	codec->height = frame->height;
	codec->pix_fmt = AV_PIX_FMT_YUVJ420P;
	codec->time_base = (AVRational){ 1, 1 };
	codec->flags |= AV_CODEC_FLAG_QSCALE;
	codec->global_quality = 3 * FF_QP2LAMBDA;
	frame->quality = codec->global_quality;
	frame->pts = 0;
	enum err err = from_av(avcodec_open2(codec, codec->codec, NULL));
	if (err == ERR_OK)
		err = from_av(avcodec_send_frame(codec, frame));
	if (err == ERR_OK)
		err = from_av(avcodec_receive_packet(codec, packet));
	if (err == ERR_OK)
		buf_add(out, packet->data, (size_t)packet->size);
	av_packet_free(&packet);
	return err == ERR_OK ? buf_err(out) : err;
}

enum err encoder_still(const struct scene *scene, const struct scene_view *view, struct buf *out,
                       struct why *why)
{
	const AVCodec *found = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
	AVCodecContext *codec = found ? avcodec_alloc_context3(found) : NULL;
	AVFrame *frame = new_frame(AV_PIX_FMT_YUVJ420P);
	enum err err = codec && frame ? ERR_OK : ERR_UNSUPPORTED;

	if (err == ERR_OK) {
		struct scene_picture picture = {
			.planes = { frame->data[0], frame->data[1], frame->data[2] },
			.strides = { frame->linesize[0], frame->linesize[1], frame->linesize[2] },
		};
		scene_draw(scene, view, &picture);
		widen_luma(frame);
		err = encode_still(codec, frame, out);
	}
	avcodec_free_context(&codec);
	av_frame_free(&frame);
	return err == ERR_OK ? err : why_set(why, err, "the still could not be encoded");
}
