/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "dataplane/mounts.h"
#include "dataplane/readers.h"

#define PIN_ROOT BPF_ROOT "/holdfast"

/* What a map is, and where its memory goes in struct tables. */
struct state_map_description {
	const char *name;
	size_t value_bytes;
	size_t pointer_offset;
};

#define DESCRIBE(field, type)                                                                  \
	{                                                                                      \
		#field, sizeof(type), offsetof(struct tables, field)                           \
	}

static const struct state_map_description state_maps[STATE_MAPS] = {
	[STATE_CONTROL] = DESCRIBE(control, struct control),
	[STATE_CONFIG] = DESCRIBE(config, struct nat_config),
	[STATE_FLOWS] = DESCRIBE(flows, struct flow),
	[STATE_FLOW_STATS] = DESCRIBE(flow_stats, struct flow_stats),
	[STATE_BUCKETS] = DESCRIBE(buckets, struct flow_bucket),
	[STATE_RULE_COUNTERS] = DESCRIBE(rule_counters, struct owner_counters),
	[STATE_POOL_COUNTERS] = DESCRIBE(pool_counters, struct owner_counters),
	[STATE_PACKET_COUNTERS] = DESCRIBE(packet_counters, struct packet_counters),
	[STATE_NAMES] = DESCRIBE(names, struct name_table),
	[STATE_WORKER_QUEUES] = DESCRIBE(worker_queues, struct worker_queue),
	[STATE_WORKER_SOCKETS] = {"worker_sockets", sizeof(u32), 0},
	[STATE_HELD_EVENTS] = {"held_events", 0, 0},
	[STATE_PORTS] = {"ports", sizeof(u32), 0},
};

static u32 state_map_entries(enum state_map map, u32 flow_capacity, u32 rows)
{
	switch (map) {
	case STATE_CONFIG:
		return CONFIG_HALVES;
	case STATE_FLOWS:
	case STATE_FLOW_STATS:
		return flow_capacity;
	case STATE_BUCKETS:
		return tables_bucket_count(flow_capacity);
	case STATE_RULE_COUNTERS:
		return MAX_RULE_IDS;
	case STATE_POOL_COUNTERS:
		return MAX_POOL_IDS;
	case STATE_PACKET_COUNTERS:
		return rows;
	case STATE_WORKER_QUEUES:
	case STATE_WORKER_SOCKETS:
		return WORKER_QUEUES;
	case STATE_HELD_EVENTS:
		return HELD_EVENTS_BYTES;
	case STATE_PORTS:
		return MAX_ADDRESS_SLOTS;
	default:
		return 1;
	}
}

static void state_pin_path(const struct state *state, const char *name, char path[PATH_MAX])
{
	(void)snprintf(path, PATH_MAX, "%s/%s", state->directory, name);
}

static void port_table_name(u32 slot, char name[32])
{
	(void)snprintf(name, 32, "ports_%u", slot);
}

static int make_directory(const char *path, struct error *error)
{
	if (mkdir(path, 0700) && errno != EEXIST)
		return error_set_errno(error, errno, "making %s", path);
	return 0;
}

void state_directory(const char *instance, char *path, size_t bytes)
{
	(void)snprintf(path, bytes, PIN_ROOT "/%s", instance);
}

static bool instance_is_valid(const char *instance)
{
	return *instance && strlen(instance) < NAME_BYTES && !strpbrk(instance, "/.");
}

/* The instance's directory in the BPF file system. */
static int make_state_directory(const char *instance, char *path, size_t bytes,
				struct error *error)
{
	int result;

	if (!instance_is_valid(instance))
		return error_set(error, EINVAL,
				 "instance '%s': expected 1 to %d characters without '/' and '.'",
				 instance, NAME_BYTES - 1);
	result = mounts_reach_bpf(error);
	if (!result)
		result = make_directory(PIN_ROOT, error);
	state_directory(instance, path, bytes);
	return result ? result : make_directory(path, error);
}

int state_lock(const char *instance, struct error *error)
{
	char path[PATH_MAX];
	int fd, result = make_state_directory(instance, path, sizeof(path), error);

	if (result)
		return result;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(error, errno, "opening %s", path);
	if (!flock(fd, LOCK_EX | LOCK_NB))
		return fd;
	(void)close(fd);
	return error_set(error, EBUSY, "instance '%s' belongs to another running holdfast-dp",
			 instance);
}

/* Removes every pin of the directory whose name begins with the prefix. */
static int unpin_all(const char *directory, const char *prefix, struct error *error)
{
	DIR *pins = opendir(directory);
	const struct dirent *entry;
	int result = 0;

	if (!pins)
		return errno == ENOENT ? 0 : error_set_errno(error, errno, "opening %s", directory);
	while ((entry = readdir(pins))) {
		char path[PATH_MAX];

		if (entry->d_name[0] == '.' || strncmp(entry->d_name, prefix, strlen(prefix)))
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		if (unlink(path))
			result = error_set_errno(error, errno, "removing %s", path);
	}
	(void)closedir(pins);
	return result;
}

/* Links go first: the programs stop before their maps disappear from view. */
int state_discard(const char *instance, struct error *error)
{
	char directory[PATH_MAX];
	int result;

	state_directory(instance, directory, sizeof(directory));
	result = unpin_all(directory, "link_", error);
	if (!result)
		result = unpin_all(directory, "", error);
	if (!result && rmdir(directory) && errno != ENOENT)
		result = error_set_errno(error, errno, "removing %s", directory);
	return result;
}

static int map_memory(int fd, size_t value_bytes, u32 entries, void **memory, size_t *bytes)
{
	size_t element = (value_bytes + 7) & ~7ul;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	*bytes = (element * entries + page - 1) & ~(page - 1);
	*memory = mmap(NULL, *bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (*memory != MAP_FAILED)
		return 0;
	*memory = NULL;
	return -errno;
}

static int state_map_table(struct state *state, enum state_map map, u32 entries,
			   struct error *error)
{
	const struct state_map_description *d = &state_maps[map];
	void **memory = (void **)(void *)((u8 *)&state->tables + d->pointer_offset);
	int result = map_memory(state->fds[map], d->value_bytes, entries, memory,
				&state->bytes[map]);

	return result ? error_set_errno(error, -result, "mapping the table %s", d->name) : 0;
}

static bool is_mapped(enum state_map map)
{
	return map < STATE_WORKER_SOCKETS;
}

/* Making the state. */

static int create_port_map(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);

	return bpf_map_create(BPF_MAP_TYPE_ARRAY, "port_table", sizeof(u32),
			      sizeof(struct address_ports), 1, &options);
}

static int create_map(enum state_map map, u32 entries)
{
	LIBBPF_OPTS(bpf_map_create_opts, options);
	enum bpf_map_type type = BPF_MAP_TYPE_ARRAY;
	u32 key_bytes = sizeof(u32);
	int fd, inner = -1;

	if (map == STATE_PORTS) {
		type = BPF_MAP_TYPE_ARRAY_OF_MAPS;
		inner = create_port_map();
		if (inner < 0)
			return inner;
		options.inner_map_fd = (u32)inner;
	} else if (map == STATE_WORKER_SOCKETS) {
		type = BPF_MAP_TYPE_XSKMAP;
	} else if (map == STATE_HELD_EVENTS) {
		type = BPF_MAP_TYPE_RINGBUF;
		key_bytes = 0;
	} else {
		options.map_flags = BPF_F_MMAPABLE;
	}
	fd = bpf_map_create(type, state_maps[map].name, key_bytes,
			    (u32)state_maps[map].value_bytes, entries, &options);
	if (inner >= 0)
		(void)close(inner);
	return fd;
}

static int state_create_maps(struct state *state, u32 flow_capacity, struct error *error)
{
	for (enum state_map map = 0; map < STATE_MAPS; map++) {
		u32 entries =
			state_map_entries(map, flow_capacity, state->tables.counter_rows);

		state->fds[map] = create_map(map, entries);
		if (state->fds[map] < 0)
			return error_set_errno(error, -state->fds[map],
					       "creating the table %s for %u entries of %zu bytes",
					       state_maps[map].name, entries,
					       state_maps[map].value_bytes);
		if (is_mapped(map) && state_map_table(state, map, entries, error))
			return -ENOMEM;
	}
	return 0;
}

/* The control page is pinned last: where it is, everything is. */
static int state_pin_maps(const struct state *state, struct error *error)
{
	char path[PATH_MAX];

	for (enum state_map i = 1; i <= STATE_MAPS; i++) {
		enum state_map map = i % STATE_MAPS;

		state_pin_path(state, state_maps[map].name, path);
		if (bpf_obj_pin(state->fds[map], path))
			return error_set_errno(error, errno, "pinning %s", path);
	}
	return 0;
}

static int state_create(struct state *state, u32 flow_capacity, struct error *error)
{
	int result = unpin_all(state->directory, "", error); /* of a start that was cut short */

	if (!result)
		result = state_create_maps(state, flow_capacity, error);
	if (!result && tables_initialise(&state->tables, flow_capacity))
		result = error_set(error, EIO, "no random numbers for the secret keys");
	return result ? result : state_pin_maps(state, error);
}

/* Adopting the state. */

static int check_map(const struct state *state, enum state_map map, u32 entries,
		     struct error *error)
{
	struct bpf_map_info info = {0};
	u32 bytes = sizeof(info);

	if (bpf_obj_get_info_by_fd(state->fds[map], &info, &bytes))
		return error_set_errno(error, errno, "asking about %s/%s", state->directory,
				       state_maps[map].name);
	if (info.value_size != state_maps[map].value_bytes)
		return error_set(error, ESTALE,
				 "%s/%s has elements of %u bytes, this version has %zu: it was made "
				 "by another version",
				 state->directory, state_maps[map].name, info.value_size,
				 state_maps[map].value_bytes);
	if (info.max_entries != entries)
		return error_set(error, ESTALE, "%s/%s has %u entries, expected %u",
				 state->directory, state_maps[map].name, info.max_entries, entries);
	return 0;
}

static int adopt_map(struct state *state, enum state_map map, u32 entries, struct error *error)
{
	char path[PATH_MAX];
	int result;

	state_pin_path(state, state_maps[map].name, path);
	state->fds[map] = bpf_obj_get(path);
	if (state->fds[map] < 0)
		return error_set_errno(error, errno, "opening %s", path);
	result = check_map(state, map, entries, error);
	if (result || !is_mapped(map))
		return result;
	return state_map_table(state, map, entries, error);
}

static int check_control(const struct state *state, struct error *error)
{
	const struct control *control = state->tables.control;

	if (control->magic != ABI_MAGIC)
		return error_set(error, ESTALE, "%s/control is not Holdfast's: its magic is %llx",
				 state->directory, control->magic);
	if (control->abi_version != ABI_VERSION)
		return error_set(error, ESTALE,
				 "%s holds state of layout version %u, this holdfast-dp speaks %d",
				 state->directory, control->abi_version, ABI_VERSION);
	if (control->flow_capacity < FLOWS_MIN || control->flow_capacity > FLOWS_MAX ||
	    control->bucket_count != tables_bucket_count(control->flow_capacity) ||
	    control->active_half >= CONFIG_HALVES)
		return error_set(error, ESTALE, "%s/control contradicts itself", state->directory);
	return 0;
}

static int map_port_table(struct state *state, u32 slot, int fd, struct error *error)
{
	void *memory;
	size_t bytes;
	int result = map_memory(fd, sizeof(struct address_ports), 1, &memory, &bytes);

	if (result)
		return error_set_errno(error, -result, "mapping the port table of slot %u", slot);
	__atomic_store_n(&state->tables.ports[slot], memory, __ATOMIC_RELEASE);
	return 0;
}

/* A slot without a port table is of a compilation that was cut short: it is free again. */
static int adopt_port_tables(struct state *state, struct error *error)
{
	for (u32 slot = 0; slot < MAX_ADDRESS_SLOTS; slot++) {
		char path[PATH_MAX], name[32];
		int fd, result;

		if (!state->tables.control->addresses.slots[slot].in_use)
			continue;
		port_table_name(slot, name);
		state_pin_path(state, name, path);
		fd = bpf_obj_get(path);
		if (fd < 0) {
			state->tables.control->addresses.slots[slot].in_use = 0;
			continue;
		}
		result = map_port_table(state, slot, fd, error);
		(void)close(fd);
		if (result)
			return result;
	}
	return 0;
}

static int state_adopt(struct state *state, struct error *error)
{
	int result = adopt_map(state, STATE_CONTROL, 1, error);

	if (!result)
		result = check_control(state, error);
	for (enum state_map map = STATE_CONTROL + 1; !result && map < STATE_MAPS; map++)
		result = adopt_map(state, map,
				   state_map_entries(map, state->tables.control->flow_capacity,
						     state->tables.counter_rows),
				   error);
	state->adopted = true;
	return result ? result : adopt_port_tables(state, error);
}

static void state_reset(struct state *state)
{
	memset(state, 0, sizeof(*state));
	for (u32 map = 0; map < STATE_MAPS; map++)
		state->fds[map] = -1;
}

int state_open(struct state *state, const char *instance, u32 flow_capacity, struct error *error)
{
	int cpus = libbpf_num_possible_cpus();
	char path[PATH_MAX];
	int result;

	state_reset(state);
	if (cpus < 1 || cpus + MAX_WORKERS + 1 > MAX_COUNTER_ROWS)
		return error_set(error, ENOTSUP, "%d possible CPUs, at most %d", cpus,
				 MAX_COUNTER_ROWS - MAX_WORKERS - 1);
	state->tables.first_worker_row = (u32)cpus;
	state->tables.holder_row = (u32)cpus + MAX_WORKERS;
	state->tables.counter_rows = state->tables.holder_row + 1;
	state_directory(instance, state->directory, sizeof(state->directory));
	state_pin_path(state, state_maps[STATE_CONTROL].name, path);
	if (!access(path, F_OK))
		result = state_adopt(state, error);
	else if (flow_capacity)
		result = state_create(state, flow_capacity, error);
	else
		result = error_set(error, ENOENT, "%s is not there", path);
	if (result)
		state_close(state);
	return result;
}

void state_close(struct state *state)
{
	for (enum state_map map = 0; map < STATE_MAPS; map++) {
		void *memory = *(void **)(void *)((u8 *)&state->tables +
						  state_maps[map].pointer_offset);

		if (is_mapped(map) && memory)
			(void)munmap(memory, state->bytes[map]);
		if (state->fds[map] >= 0)
			(void)close(state->fds[map]);
	}
	for (u32 slot = 0; slot < MAX_ADDRESS_SLOTS; slot++)
		if (state->tables.ports[slot])
			(void)munmap(state->tables.ports[slot], sizeof(struct address_ports));
	state_reset(state);
}

int state_lend_maps(const struct state *state, struct bpf_object *object, struct error *error)
{
	for (enum state_map map = 0; map < STATE_MAPS; map++) {
		struct bpf_map *lent =
			bpf_object__find_map_by_name(object, state_maps[map].name);
		int result = lent ? bpf_map__reuse_fd(lent, state->fds[map]) : 0;

		if (result)
			return error_set_errno(error, -result, "using the table %s",
					       state_maps[map].name);
	}
	return 0;
}

/* Port tables. */

static int new_port_table(struct state *state, u32 slot, struct error *error)
{
	char path[PATH_MAX], name[32];
	int fd = create_port_map();
	int result;

	if (fd < 0)
		return error_set_errno(error, -fd, "creating the port table of slot %u", slot);
	result = map_port_table(state, slot, fd, error);
	if (!result) {
		address_ports_initialise(state->tables.ports[slot]);
		port_table_name(slot, name);
		state_pin_path(state, name, path);
		(void)unlink(path);
		if (bpf_obj_pin(fd, path))
			result = error_set_errno(error, errno, "pinning %s", path);
	}
	if (result)
		(void)close(fd);
	return result ? result : fd;
}

static int enter_port_tables(const struct state *state, const u32 *slots, const int *fds,
			     u32 count, struct error *error)
{
	LIBBPF_OPTS(bpf_map_batch_opts, options);
	u32 entered = count;

	if (!bpf_map_update_batch(state->fds[STATE_PORTS], slots, fds, &entered, &options))
		return 0;
	return error_set_errno(error, errno, "entering %u port tables", count);
}

/*
 * How many are entered into the outer map at once: each update of it waits for running programs,
 * and each table is an open file until then, of which a process may have no more than 1024.
 */
enum { PORT_TABLES_AT_ONCE = 256 };

static int add_some_port_tables(struct state *state, const u32 *slots, u32 count,
				struct error *error)
{
	int fds[PORT_TABLES_AT_ONCE];
	u32 made = 0;
	int result = 0;

	while (made < count) {
		result = new_port_table(state, slots[made], error);
		if (result < 0)
			break;
		fds[made++] = result;
	}
	if (made == count)
		result = enter_port_tables(state, slots, fds, count, error);
	for (u32 i = 0; i < made; i++)
		(void)close(fds[i]);
	return result;
}

static int state_add_port_tables(void *context, const u32 *slots, u32 count, struct error *error)
{
	struct state *state = context;
	u32 done = 0;

	while (done < count) {
		u32 some = count - done < PORT_TABLES_AT_ONCE ? count - done : PORT_TABLES_AT_ONCE;
		int result = add_some_port_tables(state, &slots[done], some, error);

		done += some;
		if (result) {
			state_remove_port_tables(state, slots, done);
			return result;
		}
	}
	return 0;
}

struct port_tables state_port_tables(struct state *state)
{
	return (struct port_tables){state_add_port_tables, state};
}

/*
 * Takes tables out of the outer map. To delete them one by one would wait for running programs each
 * time; so all are replaced at once by one that has no port to give, which goes when the last of
 * their slots is used again.
 */
static void take_out_port_tables(const struct state *state, const u32 *slots, u32 count)
{
	int fds[PORT_TABLES_AT_ONCE], none = create_port_map();
	struct error error;

	for (u32 i = 0; i < count; i++)
		fds[i] = none;
	if (none < 0 || enter_port_tables(state, slots, fds, count, &error))
		for (u32 i = 0; i < count; i++)
			(void)bpf_map_delete_elem(state->fds[STATE_PORTS], &slots[i]);
	if (none >= 0)
		(void)close(none);
}

static void unpin_port_table(const struct state *state, u32 slot)
{
	char path[PATH_MAX], name[32];

	port_table_name(slot, name);
	state_pin_path(state, name, path);
	(void)unlink(path);
}

static void remove_some_port_tables(struct state *state, const u32 *slots, u32 count)
{
	struct address_ports *removed[PORT_TABLES_AT_ONCE];

	take_out_port_tables(state, slots, count);
	for (u32 i = 0; i < count; i++) {
		unpin_port_table(state, slots[i]);
		removed[i] = __atomic_exchange_n(&state->tables.ports[slots[i]], NULL,
						 __ATOMIC_ACQ_REL);
	}
	readers_wait(); /* a worker may still be looking */
	for (u32 i = 0; i < count; i++)
		if (removed[i])
			(void)munmap(removed[i], sizeof(*removed[i]));
}

void state_remove_port_tables(struct state *state, const u32 *slots, u32 count)
{
	for (u32 done = 0, some; done < count; done += some) {
		some = count - done < PORT_TABLES_AT_ONCE ? count - done : PORT_TABLES_AT_ONCE;
		remove_some_port_tables(state, &slots[done], some);
	}
}

void state_wait_for_packets(void)
{
	(void)syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	readers_wait();
}
