/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list.h — a doubly linked list through nodes inside its items.
 *
 * A zeroed node is in no list; list_remove() on it does nothing. The list's head must be
 * initialised with list_init().
 */
#ifndef VIGIL_BASE_LIST_H
#define VIGIL_BASE_LIST_H

#include <stdbool.h>

#include "base/mem.h"

struct list_node {
	struct list_node *next, *previous;
};

struct list {
	struct list_node head;
};

static inline void list_init(struct list *list)
{
	list->head.next = list->head.previous = &list->head;
}

static inline bool list_is_empty(const struct list *list)
{
	return list->head.next == &list->head;
}

static inline bool list_has(const struct list_node *node)
{
	return node->next != NULL;
}

static inline void list_add(struct list *list, struct list_node *node)
{
	node->previous = list->head.previous;
	node->next = &list->head;
	node->previous->next = node;
	list->head.previous = node;
}

static inline void list_remove(struct list_node *node)
{
	if (!node->next)
		return;
	node->previous->next = node->next;
	node->next->previous = node->previous;
	node->next = node->previous = NULL;
}

/* The first node, or NULL. */
static inline struct list_node *list_first(const struct list *list)
{
	return list_is_empty(list) ? NULL : list->head.next;
}

/* Walks all nodes; the current one may be removed inside the body. */
#define list_each(node, list)                                                       \
	for (struct list_node *node = (list)->head.next, *node##_next = node->next; \
	     node != &(list)->head; node = node##_next, node##_next = node->next)

#endif
