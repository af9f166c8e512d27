/* SPDX-License-Identifier: Apache-2.0 */
#include "http/router.h"

#include <stdlib.h>
#include <string.h>

/* A segment's place in the tree. Words are kept sorted, so that a lookup halves them. */
struct node {
	struct word *words;
	size_t word_count;
	struct ended *ended; /* "{name}.flv": the longest end first */
	size_t ended_count;
	struct node *any;  /* "{name}" */
	struct leaf *rest; /* "{name...}" */
	struct leaf *leaf; /* a pattern ends here */
};

struct word {
	struct str text;
	struct node *node;
};

struct ended {
	struct str end;
	struct node *node;
};

struct target {
	const struct route *route;
	void *owner;
};

struct leaf {
	unsigned methods;
	struct target targets[HTTP_METHOD_COUNT];
};

struct router {
	struct node root;
};

/* What a segment of a pattern is. */
struct segment {
	enum { SEGMENT_WORD, SEGMENT_ENDED, SEGMENT_ANY, SEGMENT_REST } kind;
	struct str text; /* the word, or the end */
};

static void node_done(struct node *node)
{
	for (size_t i = 0; i < node->word_count; i++) {
		node_done(node->words[i].node);
		free(node->words[i].node);
	}
	for (size_t i = 0; i < node->ended_count; i++) {
		node_done(node->ended[i].node);
		free(node->ended[i].node);
	}
	if (node->any)
		node_done(node->any);
	free(node->any);
	free(node->words);
	free(node->ended);
	free(node->rest);
	free(node->leaf);
}

enum err router_new(struct router **out)
{
	struct router *router = calloc(1, sizeof *router);

	if (!router)
		return ERR_NO_MEMORY;
	*out = router;
	return ERR_OK;
}

void router_free(struct router *router)
{
	if (!router)
		return;
	node_done(&router->root);
	free(router);
}

static int compare(struct str a, struct str b)
{
	if (a.size != b.size)
		return a.size < b.size ? -1 : 1;
	return a.size ? memcmp(a.at, b.at, a.size) : 0;
}

/* Where `text` stands among the words, or would stand. */
static size_t word_place(const struct node *node, struct str text, bool *out_found)
{
	size_t low = 0, high = node->word_count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = compare(text, node->words[middle].text);
		if (order == 0) {
			*out_found = true;
			return middle;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	*out_found = false;
	return low;
}

static struct node *child_word(struct node *node, struct str text)
{
	bool is_found;
	size_t place = word_place(node, text, &is_found);

	if (is_found)
		return node->words[place].node;
	struct word *grown = reallocarray(node->words, node->word_count + 1, sizeof *node->words);
	struct node *child = calloc(1, sizeof *child);
	if (grown)
		node->words = grown;
	if (!grown || !child) {
		free(child);
		return NULL;
	}
	memmove(grown + place + 1, grown + place, (node->word_count - place) * sizeof *grown);
	grown[place] = (struct word){ text, child };
	node->word_count++;
	return child;
}

static struct node *child_ended(struct node *node, struct str end)
{
	size_t place = 0;

	for (size_t i = 0; i < node->ended_count; i++) {
		if (str_equal(node->ended[i].end, end))
			return node->ended[i].node;
	}
	while (place < node->ended_count && node->ended[place].end.size > end.size)
		place++;
	struct ended *grown = reallocarray(node->ended, node->ended_count + 1, sizeof *node->ended);
	struct node *child = calloc(1, sizeof *child);
	if (grown)
		node->ended = grown;
	if (!grown || !child) {
		free(child);
		return NULL;
	}
	memmove(grown + place + 1, grown + place, (node->ended_count - place) * sizeof *grown);
	grown[place] = (struct ended){ end, child };
	node->ended_count++;
	return child;
}

static enum err read_segment(struct str text, struct segment *out)
{
	size_t close = str_index(text, '}');

	if (text.size == 0 || text.at[0] != '{') {
		*out = (struct segment){ SEGMENT_WORD, text };
		return str_index(text, '{') == text.size && close == text.size ? ERR_OK
		                                                               : ERR_INVALID;
	}
	if (close == text.size)
		return ERR_INVALID;
	struct str name = { text.at + 1, close - 1 };
	struct str end = str_from(text, close + 1);
	bool is_rest = str_ends(name, STR("..."));
	if (is_rest)
		name.size -= 3;
	if (name.size == 0 || !str_is_word(name, "_") || (is_rest && end.size) ||
	    str_index(end, '{') < end.size)
		return ERR_INVALID;
	*out = (struct segment){ end.size ? SEGMENT_ENDED : SEGMENT_ANY, end };
	if (is_rest)
		out->kind = SEGMENT_REST;
	return ERR_OK;
}

static struct node *child_any(struct node *node)
{
	if (!node->any)
		node->any = calloc(1, sizeof *node->any);
	return node->any;
}

/* Walks and grows the tree along the pattern to the leaf's place. */
static enum err grow(struct router *router, const char *pattern, struct leaf ***out)
{
	struct node *node = &router->root;
	struct str rest = str_from(str_of(pattern), 1), text;
	size_t segments = 0, params = 0;
	struct segment segment;

	if (pattern[0] != '/')
		return ERR_INVALID;
	if (!rest.at)
		rest = STR("");
	while (str_cut(&rest, '/', &text)) {
		if (++segments > ROUTER_SEGMENTS_MAX || read_segment(text, &segment) != ERR_OK)
			return ERR_INVALID;
		if (segment.kind != SEGMENT_WORD && ++params > REQUEST_PARAMS_MAX)
			return ERR_INVALID;
		if (segment.kind == SEGMENT_REST) {
			*out = &node->rest;
			return rest.at ? ERR_INVALID : ERR_OK;
		}
		if (segment.kind == SEGMENT_WORD)
			node = child_word(node, text);
		else if (segment.kind == SEGMENT_ENDED)
			node = child_ended(node, segment.text);
		else
			node = child_any(node);
		if (!node)
			return ERR_NO_MEMORY;
	}
	*out = &node->leaf;
	return ERR_OK;
}

static enum err add_one(struct router *router, const struct route *route, void *owner,
                        struct why *why)
{
	enum http_method method;
	struct leaf **place = NULL;
	enum err err = http_method_find(str_of(route->method), &method);

	if (err == ERR_OK)
		err = grow(router, route->pattern, &place);
	if (err == ERR_OK && !*place && !(*place = calloc(1, sizeof **place)))
		err = ERR_NO_MEMORY;
	if (err == ERR_OK && (*place)->targets[method].route)
		err = ERR_EXISTS;
	if (err != ERR_OK)
		return why_set(why, err, "route %s %s: %s", route->method, route->pattern,
		               err_text(err));
	(*place)->targets[method] = (struct target){ route, owner };
	(*place)->methods |= 1u << method;
	return ERR_OK;
}

enum err router_add(struct router *router, const struct route *routes, size_t count, void *owner,
                    struct why *why)
{
	for (size_t i = 0; i < count; i++) {
		enum err err = add_one(router, &routes[i], owner, why);
		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

/* The path's segments and, on the way down, what the parameters took. */
struct walk {
	struct str segments[ROUTER_SEGMENTS_MAX + 1];
	size_t count;
	struct str path;
	struct str values[REQUEST_PARAMS_MAX];
	size_t value_count;
};

static const struct leaf *find(struct walk *walk, const struct node *node, size_t depth);

static const struct leaf *find_param(struct walk *walk, const struct node *node, size_t depth,
                                     size_t end_size)
{
	struct str value = walk->segments[depth];
	size_t before = walk->value_count;

	value.size -= end_size;
	walk->values[walk->value_count++] = value;
	const struct leaf *leaf = find(walk, node, depth + 1);
	if (!leaf)
		walk->value_count = before;
	return leaf;
}

static const struct leaf *find_rest(struct walk *walk, const struct node *node, size_t depth)
{
	if (!node->rest || depth >= walk->count)
		return NULL;
	const char *at = walk->segments[depth].at;
	walk->values[walk->value_count++] =
		(struct str){ at, (size_t)(walk->path.at + walk->path.size - at) };
	return node->rest;
}

/* Recursion is as deep as the pattern, at most ROUTER_SEGMENTS_MAX. */
static const struct leaf *find(struct walk *walk, const struct node *node, size_t depth)
{
	const struct leaf *leaf = NULL;
	bool is_found;

	if (depth == walk->count)
		return node->leaf;
	struct str text = walk->segments[depth];
	/* The last of too many segments is no segment: only {name...} may take it. */
	if (depth < ROUTER_SEGMENTS_MAX) {
		size_t place = word_place(node, text, &is_found);
		if (is_found)
			leaf = find(walk, node->words[place].node, depth + 1);
		for (size_t i = 0; !leaf && i < node->ended_count; i++) {
			struct str end = node->ended[i].end;
			if (text.size > end.size && str_ends(text, end))
				leaf = find_param(walk, node->ended[i].node, depth, end.size);
		}
		if (!leaf && node->any && text.size)
			leaf = find_param(walk, node->any, depth, 0);
	}
	return leaf ? leaf : find_rest(walk, node, depth);
}

/* Names come from the pattern that was found, so that two routes may call a segment differently. */
static void name_params(const char *pattern, const struct walk *walk, struct router_match *out)
{
	struct str rest = str_of(pattern), text;

	out->param_count = 0;
	while (str_cut(&rest, '/', &text) && out->param_count < walk->value_count) {
		if (text.size == 0 || text.at[0] != '{')
			continue;
		struct str name = { text.at + 1, str_index(text, '}') - 1 };
		if (str_ends(name, STR("...")))
			name.size -= 3;
		size_t at = out->param_count++;
		out->params[at] = (struct router_param){ name, walk->values[at] };
	}
}

enum err router_find(const struct router *router, enum http_method method, struct str path,
                     struct router_match *out)
{
	struct walk walk = { .path = path };
	struct str rest = str_from(path, 1), text;

	if (path.size == 0 || path.at[0] != '/')
		return ERR_NOT_FOUND;
	if (!rest.at)
		rest = (struct str){ path.at + 1, 0 };
	while (walk.count <= ROUTER_SEGMENTS_MAX && str_cut(&rest, '/', &text))
		walk.segments[walk.count++] = text;
	const struct leaf *leaf = find(&walk, &router->root, 0);
	if (!leaf)
		return ERR_NOT_FOUND;
	const struct target *target = &leaf->targets[method];
	if (!target->route && method == HTTP_HEAD)
		target = &leaf->targets[HTTP_GET];
	out->route = target->route;
	out->owner = target->owner;
	out->methods = leaf->methods;
	out->param_count = 0;
	if (target->route)
		name_params(target->route->pattern, &walk, out);
	return ERR_OK;
}

void router_allow(unsigned methods, char out[ROUTER_ALLOW_SIZE])
{
	size_t size = 0;

	if (methods & (1u << HTTP_GET))
		methods |= 1u << HTTP_HEAD;
	methods |= 1u << HTTP_OPTIONS;
	out[0] = '\0';
	for (unsigned i = 0; i < HTTP_METHOD_COUNT; i++) {
		struct str name = str_of(http_method_text((enum http_method)i));
		if (!(methods & (1u << i)) || size + name.size + 3 > ROUTER_ALLOW_SIZE)
			continue;
		if (size) {
			out[size++] = ',';
			out[size++] = ' ';
		}
		memcpy(out + size, name.at, name.size);
		size += name.size;
		out[size] = '\0';
	}
}
