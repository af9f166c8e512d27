/* SPDX-License-Identifier: Apache-2.0 */
#include "cam/picture/scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cam/picture/font.h"

#define WORLD_WIDTH  1920
#define WORLD_HEIGHT 1080
#define VIEW_WIDTH   960 /* of the world at zoom 0; a quarter of that at the full zoom */
#define VIEW_HEIGHT  540
#define FIELD        120 /* the grid's fields */
#define LINE         3
#define HORIZON      640
#define BALL_SIZE    48
#define BALL_MS      9000 /* one way through the world */
#define TEXT_SCALE   2
#define TEXT_MARGIN  8

struct scene {
	uint8_t y[WORLD_HEIGHT][WORLD_WIDTH];
	uint8_t u[WORLD_HEIGHT / 2][WORLD_WIDTH / 2];
	uint8_t v[WORLD_HEIGHT / 2][WORLD_WIDTH / 2];
};

struct colour {
	uint8_t y, u, v;
};

struct box {
	int x, y, width, height;
	struct colour colour;
};

/* clang-format off */
/* x, y, width, height in the world, all even; later ones cover earlier ones. */
static const struct box landmarks[] = {
	{    0,       0, 1920, HORIZON, { 170, 150, 110 } }, /* sky */
	{    0, HORIZON, 1920,     440, {  90, 105, 115 } }, /* ground */
	{    0,     820, 1920,     100, {  70, 128, 128 } }, /* road */
	{ 1640,      90,  120,     120, { 210,  40, 150 } }, /* sun */
	{  180,     400,  300,     240, { 100, 100, 190 } }, /* red house */
	{  240,     480,   60,      80, { 200, 100, 140 } }, /* its window */
	{  360,     520,   70,     120, {  60, 110, 150 } }, /* its door */
	{  620,     300,   90,     340, { 140, 128, 128 } }, /* tower */
	{  640,     320,   50,      40, { 225, 128, 128 } }, /* its lamp */
	{  860,     430,  220,     210, {  80, 180, 110 } }, /* blue hall */
	{ 1200,     520,   40,     120, {  60, 110, 145 } }, /* a trunk */
	{ 1140,     380,  160,     150, {  90,  90,  80 } }, /* its crown */
	{ 1420,     460,  180,     180, { 160,  60, 160 } }, /* yellow barn */
	{ 1720,     240,   70,     400, {  50, 128, 128 } }, /* chimney */
};
/* clang-format on */

static void fill(uint8_t *plane, int stride, const struct box *box, uint8_t value)
{
	for (int y = box->y; y < box->y + box->height; y++)
		memset(plane + (ptrdiff_t)y * stride + box->x, value, (size_t)box->width);
}

static struct box halved(const struct box *box)
{
	return (struct box){ box->x / 2, box->y / 2, box->width / 2, box->height / 2, box->colour };
}

static void draw_box(struct scene *scene, const struct box *box)
{
	struct box half = halved(box);

	fill(scene->y[0], WORLD_WIDTH, box, box->colour.y);
	fill(scene->u[0], WORLD_WIDTH / 2, &half, box->colour.u);
	fill(scene->v[0], WORLD_WIDTH / 2, &half, box->colour.v);
}

/* Lines darken or lighten what is below them, so that they show everywhere. */
static void draw_line(struct scene *scene, int x, int y, int width, int height)
{
	for (int row = y; row < y + height; row++)
		for (int column = x; column < x + width; column++) {
			uint8_t *at = &scene->y[row][column];
			*at = (uint8_t)(*at > 110 ? *at - 40 : *at + 40);
		}
}

static void draw_grid(struct scene *scene)
{
	char name[16];

	for (int x = FIELD; x < WORLD_WIDTH; x += FIELD)
		draw_line(scene, x, 0, LINE, WORLD_HEIGHT);
	for (int y = FIELD; y < WORLD_HEIGHT; y += FIELD)
		draw_line(scene, 0, y, WORLD_WIDTH, LINE);
	for (int i = 0; i < WORLD_WIDTH / FIELD * (WORLD_HEIGHT / FIELD); i++) {
		int column = i % (WORLD_WIDTH / FIELD), row = i / (WORLD_WIDTH / FIELD);
		(void)snprintf(name, sizeof name, "%c%d", 'A' + column, row + 1);
		font_paint(scene->y[0], WORLD_WIDTH, WORLD_WIDTH, WORLD_HEIGHT, column * FIELD + 12,
		           row * FIELD + 12, 3, name, 235);
	}
}

enum err scene_new(struct scene **out)
{
	struct scene *scene = calloc(1, sizeof *scene);

	if (!scene)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < COUNT_OF(landmarks); i++)
		draw_box(scene, &landmarks[i]);
	draw_grid(scene);
	*out = scene;
	return ERR_OK;
}

void scene_free(struct scene *scene)
{
	free(scene);
}

/* The part of the world that is seen, in world dots. */
struct window {
	int x, y, width, height;
};

static struct window window_of(struct ptz_position position)
{
	int width = VIEW_WIDTH * 1000 / (1000 + 3 * position.zoom);
	int height = VIEW_HEIGHT * 1000 / (1000 + 3 * position.zoom);
	/* The middle's range is that of the whole view, so zooming keeps the middle. */
	int middle_x = VIEW_WIDTH / 2 + (position.pan + PTZ_PAN_MAX) * (WORLD_WIDTH - VIEW_WIDTH) /
	                                        (2 * PTZ_PAN_MAX);
	int middle_y = VIEW_HEIGHT / 2 + (PTZ_TILT_MAX - position.tilt) *
	                                         (WORLD_HEIGHT - VIEW_HEIGHT) / (2 * PTZ_TILT_MAX);

	return (struct window){ middle_x - width / 2, middle_y - height / 2, width, height };
}

/* Nearest dots; `columns` and `rows` count the source's dots inside `window`, which is halved for
 * the colour planes. */
static void copy_plane(uint8_t *to, int stride, int width, int height, const uint8_t *from,
                       int from_stride, struct window window, bool is_flipped)
{
	int at[SCENE_WIDTH];

	for (int x = 0; x < width; x++)
		at[x] = window.x + (is_flipped ? width - 1 - x : x) * window.width / width;
	for (int y = 0; y < height; y++, to += stride) {
		int row = window.y + (is_flipped ? height - 1 - y : y) * window.height / height;
		const uint8_t *line = from + (ptrdiff_t)row * from_stride;
		for (int x = 0; x < width; x++)
			to[x] = line[at[x]];
	}
}

static struct box clipped(struct box box)
{
	int right = box.x + box.width, bottom = box.y + box.height;

	box.x = box.x > 0 ? box.x : 0;
	box.y = box.y > 0 ? box.y : 0;
	right = right < SCENE_WIDTH ? right : SCENE_WIDTH;
	bottom = bottom < SCENE_HEIGHT ? bottom : SCENE_HEIGHT;
	box.width = right > box.x ? right - box.x : 0;
	box.height = bottom > box.y ? bottom - box.y : 0;
	return box;
}

static void paint_box(const struct scene_picture *picture, struct box box)
{
	box = clipped(box);
	struct box half = halved(&box);
	fill(picture->planes[0], picture->strides[0], &box, box.colour.y);
	fill(picture->planes[1], picture->strides[1], &half, box.colour.u);
	fill(picture->planes[2], picture->strides[2], &half, box.colour.v);
}

/* Something that moves along the road, there and back. */
static void paint_ball(const struct scene_picture *picture, const struct scene_view *view,
                       struct window window)
{
	int64_t part = view->now_ms % (2 * BALL_MS);
	int64_t way = part < BALL_MS ? part : 2 * BALL_MS - part;
	int x = (int)(way * (WORLD_WIDTH - BALL_SIZE) / BALL_MS), y = 840;
	struct box box = {
		.x = (x - window.x) * SCENE_WIDTH / window.width,
		.y = (y - window.y) * SCENE_HEIGHT / window.height,
		.width = BALL_SIZE * SCENE_WIDTH / window.width,
		.height = BALL_SIZE * SCENE_HEIGHT / window.height,
		.colour = { 180, 90, 200 },
	};

	if (view->is_flipped) {
		box.x = SCENE_WIDTH - box.x - box.width;
		box.y = SCENE_HEIGHT - box.y - box.height;
	}
	paint_box(picture, box);
}

static void paint_text(const struct scene_picture *picture, int x, int y, const char *text)
{
	int width = (int)strlen(text) * FONT_STEP * TEXT_SCALE + TEXT_MARGIN;
	int height = FONT_HEIGHT * TEXT_SCALE + TEXT_MARGIN;

	paint_box(picture, (struct box){ x, y, width, height, { 16, 128, 128 } });
	font_paint(picture->planes[0], picture->strides[0], SCENE_WIDTH, SCENE_HEIGHT,
	           x + TEXT_MARGIN / 2, y + TEXT_MARGIN / 2, TEXT_SCALE, text, 235);
}

static void paint_watermark(const struct scene_picture *picture, const struct scene_view *view)
{
	char when[CLOCK_TEXT_SIZE];

	clock_format(view->now_ms, when);
	when[10] = ' ';  /* instead of T */
	when[23] = '\0'; /* without Z */
	paint_text(picture, TEXT_MARGIN, TEXT_MARGIN, when);
	paint_text(picture, TEXT_MARGIN, SCENE_HEIGHT - FONT_HEIGHT * TEXT_SCALE - 2 * TEXT_MARGIN,
	           view->label);
}

void scene_draw(const struct scene *scene, const struct scene_view *view,
                const struct scene_picture *picture)
{
	struct window window = window_of(view->position);
	struct window half = { window.x / 2, window.y / 2, window.width / 2, window.height / 2 };

	copy_plane(picture->planes[0], picture->strides[0], SCENE_WIDTH, SCENE_HEIGHT, scene->y[0],
	           WORLD_WIDTH, window, view->is_flipped);
	copy_plane(picture->planes[1], picture->strides[1], SCENE_WIDTH / 2, SCENE_HEIGHT / 2,
	           scene->u[0], WORLD_WIDTH / 2, half, view->is_flipped);
	copy_plane(picture->planes[2], picture->strides[2], SCENE_WIDTH / 2, SCENE_HEIGHT / 2,
	           scene->v[0], WORLD_WIDTH / 2, half, view->is_flipped);
	paint_ball(picture, view, window);
	if (view->is_night)
		for (int plane = 1; plane < 3; plane++)
			for (int y = 0; y < SCENE_HEIGHT / 2; y++)
				memset(picture->planes[plane] + y * picture->strides[plane], 128,
				       SCENE_WIDTH / 2);
	if (view->has_watermark)
		paint_watermark(picture, view);
}
