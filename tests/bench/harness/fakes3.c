/* A fake S3 that is faster than any client: what is measured against it is the client.
 *
 *     cc -O2 -o fakes3 fakes3.c && ./fakes3 --port 9000 --latency 30
 *
 * One thread and epoll, plain HTTP/1.1, 127.0.0.1 only, path-style, signatures unread. No object is stored: a bucket's
 * name says how many it holds and how they are called, and object number i is computed from i. All are archived.
 *
 *     b10k, b1m    archive/2010/01/17/site-07/scan-00042-9f3a1c.tif    a thousand a day, as backups and scans come
 *     h10k, h1m    0000a7c5ac471b47.bin                                hashes without any structure
 *
 * Serves ListObjectsV2 and V1, HeadObject, HeadBucket, GetBucketLocation, ListBuckets, RestoreObject, and the STS call
 * GetCallerIdentity. Answers are held back for the latency; any number of connections may wait.
 *
 *     GET  /_stats                       what was asked so far, and this server's own CPU seconds, as JSON
 *     POST /_set?latency=MS              from now on
 *     POST /_set?bucket=NAME&asked=N     the first N objects of a bucket are being restored, the others are not
 *     POST /_reset                       forget restores and counts
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 1000, A_DAY = 1000, A_SITE = 100, KEY_MAX = 1100, FIRST_DAY = 14610 /* 2010-01-01 */ };

/* ---- text that grows ---- */

typedef struct { char *at; size_t size, room; } Text;

static char *grow(Text *text, size_t more) {
    if (text->size + more > text->room) {
        text->room = (text->size + more) * 2;
        text->at = realloc(text->at, text->room);
        if (!text->at) abort();
    }
    return text->at + text->size;
}

static void add(Text *text, const void *bytes, size_t size) {
    memcpy(grow(text, size), bytes, size);
    text->size += size;
}

#define ADD(text, literal) add(text, literal, sizeof literal - 1)

static void say(Text *text, const char *format, ...) {
    va_list values;
    va_start(values, format);
    char *end = grow(text, 4096);
    text->size += vsnprintf(end, 4096, format, values);
    va_end(values);
}

static char *put_digits(char *at, uint64_t value, int width) {
    for (int i = width; i--; value /= 10) at[i] = '0' + value % 10;
    return at + width;
}

static char *put_hex(char *at, uint64_t value, int width) {
    for (int i = width; i--; value >>= 4) at[i] = "0123456789abcdef"[value & 15];
    return at + width;
}

static uint64_t mix(uint64_t x) { /* splitmix64 */
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

/* ---- buckets and their objects ---- */

typedef struct {
    char name[64];
    int hashed;
    uint32_t objects;
    uint32_t *asked_s; /* when a restore was asked for, on our clock, plus one; 0: never */
    uint8_t *days;
} Bucket;

static Bucket buckets[32];
static int bucket_count;
static double restore_s = 1e9;
static uint64_t now_ms;

static Bucket *find_bucket(const char *name) {
    for (int i = 0; i < bucket_count; i++)
        if (!strcmp(buckets[i].name, name)) return &buckets[i];
    char shape, unit[2] = "", rest;
    unsigned count;
    int parts = sscanf(name, "%c%u%1[km]%c", &shape, &count, unit, &rest);
    if (parts < 2 || parts > 3 || (shape != 'b' && shape != 'h') || !count) return NULL;
    uint64_t objects = (uint64_t)count * (*unit == 'k' ? 1000 : *unit == 'm' ? 1000000 : 1);
    if (objects > 100000000 || bucket_count == 32 || strlen(name) >= sizeof buckets->name) return NULL;
    Bucket *bucket = &buckets[bucket_count++];
    strcpy(bucket->name, name);
    bucket->hashed = shape == 'h';
    bucket->objects = objects;
    bucket->asked_s = calloc(objects, sizeof *bucket->asked_s);
    bucket->days = calloc(objects, 1);
    return bucket;
}

/* The key of object i; keys rise with i. Returns its length. */
static size_t key_of(const Bucket *bucket, uint32_t i, char *key) {
    char *at = key;
    if (bucket->hashed) {
        uint64_t step = UINT64_MAX / bucket->objects;
        at = put_hex(at, i * step + mix(i) % step, 16);
        at = stpcpy(at, ".bin");
        return at - key;
    }
    static uint32_t day = UINT32_MAX;
    static char date[16];
    if (i / A_DAY != day) {
        day = i / A_DAY;
        time_t noon = (FIRST_DAY + (time_t)day) * 86400;
        struct tm civil;
        strftime(date, sizeof date, "%Y/%m/%d", gmtime_r(&noon, &civil));
    }
    at = stpcpy(at, "archive/");
    at = stpcpy(at, date);
    at = stpcpy(at, "/site-");
    at = put_digits(at, i % A_DAY / A_SITE, 2);
    at = stpcpy(at, "/scan-");
    at = put_digits(at, i % A_SITE, 5);
    *at++ = '-';
    at = put_hex(at, mix(i), 6);
    at = stpcpy(at, ".tif");
    return at - key;
}

typedef int Past(const char *key, const char *text);

static int is_at_least(const char *key, const char *text) { return strcmp(key, text) >= 0; }
static int is_after(const char *key, const char *text) { return strcmp(key, text) > 0; }
static int is_past_prefix(const char *key, const char *text) { return strncmp(key, text, strlen(text)) > 0; }

/* The first object whose key is past, in that sense, of the text. */
static uint32_t first(const Bucket *bucket, Past past, const char *text) {
    uint32_t low = 0, high = bucket->objects;
    char key[KEY_MAX];
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        key_of(bucket, middle, key);
        if (past(key, text)) high = middle;
        else low = middle + 1;
    }
    return low;
}

static int find_object(const Bucket *bucket, const char *wanted, uint32_t *found) {
    char key[KEY_MAX];
    *found = first(bucket, is_at_least, wanted);
    if (*found == bucket->objects) return 0;
    key_of(bucket, *found, key);
    return !strcmp(key, wanted);
}

static uint64_t size_of(uint32_t i) { return mix(i ^ 0x5151u) % 4000000000u + 1; }
static const char *class_of(uint32_t i) { return i % 5 ? "GLACIER" : "DEEP_ARCHIVE"; }

static int is_restored(const Bucket *bucket, uint32_t i) {
    return now_ms / 1000.0 >= bucket->asked_s[i] - 1 + restore_s;
}

static void expiry(int days, const char *format, char *text, size_t room) { /* the midnight after the days are over */
    time_t midnight = (time(NULL) / 86400 + days + 1) * 86400;
    struct tm civil;
    strftime(text, room, format, gmtime_r(&midnight, &civil));
}

/* ---- connections ---- */

typedef struct Connection Connection;
struct Connection {
    int fd, is_waiting, is_held, is_gone;
    Text in, out;
    size_t sent;
    uint64_t due_ms;
    Connection *next;
};

static struct { uint64_t list, head, restore, other, connections; int in_flight, most_in_flight; } counts;
static unsigned latency_ms;
static Connection *held_first, *held_last; /* answers that wait for their time, in the order of it */
static int poller;

typedef struct {
    char *method, *path, *query;
    char *headers;
    const char *body;
    size_t body_size;
} Request;

static void unescape(char *text, int plus_is_space) {
    char *to = text;
    for (char *from = text; *from; from++) {
        unsigned value;
        if (*from == '%' && sscanf(from + 1, "%2x", &value) == 1) *to++ = value, from += 2;
        else *to++ = plus_is_space && *from == '+' ? ' ' : *from;
    }
    *to = 0;
}

/* The decoded value of a parameter; "" when it is empty or missing. Returns whether it is there. */
static int parameter(const char *query, const char *name, char *value, size_t room) {
    size_t length = strlen(name);
    *value = 0;
    while (*query) {
        const char *end = strchrnul(query, '&');
        if (!strncmp(query, name, length) && strchr("=&", query[length])) { /* strchr finds the final 0, too */
            if (query[length] == '=') {
                snprintf(value, room, "%.*s", (int)(end - query - length - 1), query + length + 1);
                unescape(value, 1);
            }
            return 1;
        }
        query = *end ? end + 1 : end;
    }
    return 0;
}

static const char *header(const Request *request, const char *name) { /* as in ``\nname:`` */
    const char *found = strcasestr(request->headers, name);
    return found ? found + strlen(name) : NULL;
}

static void answer(Connection *c, const char *status, const char *headers, const Text *body, int only_head) {
    static uint64_t request_id;
    static time_t second;
    static char date[40];
    if (second != (time_t)(now_ms / 1000) || !*date) {
        struct tm civil;
        time_t now = time(NULL);
        second = now_ms / 1000;
        strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &civil));
    }
    say(&c->out,
        "HTTP/1.1 %s\r\nx-amz-id-2: uPnwZ3k1wBIzbpmZ0RcIzqk0sLW2zZ0kM6xYzHqv1m4=\r\nx-amz-request-id: %016lX\r\n"
        "Date: %s\r\nServer: AmazonS3\r\n%s",
        status, ++request_id, date, headers);
    if (!only_head) say(&c->out, "Content-Length: %zu\r\n", body ? body->size : 0);
    ADD(&c->out, "\r\n");
    if (body && !only_head) add(&c->out, body->at, body->size);
}

#define XML_TYPE "Content-Type: application/xml\r\n"
#define XML "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

static Text *scratch(void) {
    static Text text;
    text.size = 0;
    return &text;
}

static void refuse(Connection *c, const Request *request, const char *status, const char *code) {
    Text *body = scratch();
    say(body, XML "<Error><Code>%s</Code><Message>%s</Message></Error>", code, code);
    answer(c, status, XML_TYPE, body, !strcmp(request->method, "HEAD"));
}

/* ---- listings ---- */

static void add_object(Text *body, const Bucket *bucket, uint32_t i, int with_status) {
    char *start = grow(body, 1024), *at = start;
    at = stpcpy(at, "<Contents><Key>");
    at += key_of(bucket, i, at);
    at = stpcpy(at, "</Key><LastModified>20");
    at = put_digits(at, 10 + i % 14, 2);
    at = stpcpy(at, "-0");
    at = put_digits(at, 1 + i % 9, 1);
    *at++ = '-';
    at = put_digits(at, 1 + i % 28, 2);
    *at++ = 'T';
    at = put_digits(at, i % 24, 2);
    *at++ = ':';
    at = put_digits(at, i % 60, 2);
    at = stpcpy(at, ":07.000Z</LastModified><ETag>&quot;");
    at = put_hex(at, mix(i), 16);
    at = put_hex(at, mix(i + 1), 16);
    at = stpcpy(at, "&quot;</ETag><Size>");
    at += sprintf(at, "%lu", size_of(i));
    at = stpcpy(at, "</Size><StorageClass>");
    at = stpcpy(at, class_of(i));
    at = stpcpy(at, "</StorageClass>");
    if (with_status && bucket->asked_s[i]) {
        at = stpcpy(at, "<RestoreStatus><IsRestoreInProgress>");
        if (is_restored(bucket, i)) {
            at = stpcpy(at, "false</IsRestoreInProgress><RestoreExpiryDate>");
            expiry(bucket->days[i], "%Y-%m-%dT00:00:00.000Z", at, 40);
            at = stpcpy(at + strlen(at), "</RestoreExpiryDate></RestoreStatus>");
        } else {
            at = stpcpy(at, "true</IsRestoreInProgress></RestoreStatus>");
        }
    }
    at = stpcpy(at, "</Contents>");
    body->size += at - start;
}

static void list(Connection *c, const Request *request, const Bucket *bucket) {
    char prefix[KEY_MAX], delimiter[16], after[KEY_MAX], token[32], number[16], ignored[16], key[KEY_MAX];
    const char *query = request->query;
    counts.list++;
    int is_v2 = parameter(query, "list-type", ignored, sizeof ignored);
    int is_url = parameter(query, "encoding-type", ignored, sizeof ignored);
    parameter(query, "prefix", prefix, sizeof prefix);
    parameter(query, "delimiter", delimiter, sizeof delimiter);
    parameter(query, is_v2 ? "start-after" : "marker", after, sizeof after);
    unsigned most = parameter(query, "max-keys", number, sizeof number) ? strtoul(number, NULL, 10) : PAGE;
    if (most > PAGE) most = PAGE;
    const char *wanted = header(request, "\nx-amz-optional-object-attributes:");
    int with_status = wanted && strstr(wanted, "RestoreStatus");

    uint32_t i = first(bucket, is_at_least, prefix), end = first(bucket, is_past_prefix, prefix), from = 0;
    if (is_v2 && parameter(query, "continuation-token", token, sizeof token)) from = strtoul(token, NULL, 16);
    else if (*after) {
        size_t tail = strlen(after), width = strlen(delimiter);
        int at_prefix = *delimiter && tail >= width && !strcmp(after + tail - width, delimiter);
        from = first(bucket, at_prefix ? is_past_prefix : is_after, after);
    }
    if (from > i) i = from;

    static Text rows, body;
    rows.size = body.size = 0;
    unsigned found = 0;
    for (; i < end && found < most; found++) {
        char *cut = NULL;
        key[key_of(bucket, i, key)] = 0;
        if (*delimiter && (cut = strstr(key + strlen(prefix), delimiter))) {
            cut[strlen(delimiter)] = 0;
            say(&rows, "<CommonPrefixes><Prefix>%s</Prefix></CommonPrefixes>", key);
            i = first(bucket, is_past_prefix, key);
        } else add_object(&rows, bucket, i++, with_status);
    }
    say(&body,
        XML "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>%s</Name><Prefix>%s</Prefix>"
        "<MaxKeys>%u</MaxKeys>%s%s%s%s",
        bucket->name, prefix, most, *delimiter ? "<Delimiter>" : "", delimiter, *delimiter ? "</Delimiter>" : "",
        is_url ? "<EncodingType>url</EncodingType>" : "");
    if (is_v2) say(&body, "<KeyCount>%u</KeyCount>", found);
    else say(&body, "<Marker>%s</Marker>", after);
    say(&body, "<IsTruncated>%s</IsTruncated>", i < end ? "true" : "false");
    if (i < end && is_v2) say(&body, "<NextContinuationToken>%08x</NextContinuationToken>", i);
    else if (i < end) say(&body, "<NextMarker>%s</NextMarker>", key);
    add(&body, rows.at ? rows.at : "", rows.size);
    ADD(&body, "</ListBucketResult>");
    answer(c, "200 OK", XML_TYPE, &body, 0);
}

/* ---- single objects ---- */

static void head_object(Connection *c, const Request *request, const Bucket *bucket, const char *key) {
    uint32_t i;
    counts.head++;
    if (!find_object(bucket, key, &i)) {
        refuse(c, request, "404 Not Found", "NoSuchKey");
        return;
    }
    char headers[1024], until[64], *at = headers;
    at += sprintf(at,
                  "Last-Modified: Fri, 01 Mar 2013 12:00:00 GMT\r\nETag: \"%016lx%016lx\"\r\nAccept-Ranges: bytes\r\n"
                  "x-amz-server-side-encryption: AES256\r\nContent-Type: image/tiff\r\nContent-Length: %lu\r\n"
                  "x-amz-storage-class: %s\r\n",
                  mix(i), mix(i + 1), size_of(i), class_of(i));
    if (bucket->asked_s[i] && is_restored(bucket, i)) {
        expiry(bucket->days[i], "%a, %d %b %Y 00:00:00 GMT", until, sizeof until);
        sprintf(at, "x-amz-restore: ongoing-request=\"false\", expiry-date=\"%s\"\r\n", until);
    } else if (bucket->asked_s[i]) {
        strcpy(at, "x-amz-restore: ongoing-request=\"true\"\r\n");
    }
    answer(c, "200 OK", headers, NULL, 1);
}

static void restore(Connection *c, const Request *request, Bucket *bucket, const char *key) {
    uint32_t i;
    counts.restore++;
    if (!find_object(bucket, key, &i)) {
        refuse(c, request, "404 Not Found", "NoSuchKey");
        return;
    }
    if (bucket->asked_s[i] && !is_restored(bucket, i)) {
        refuse(c, request, "409 Conflict", "RestoreAlreadyInProgress");
        return;
    }
    const char *days = memmem(request->body, request->body_size, "<Days>", 6);
    bucket->days[i] = days ? atoi(days + 6) : 1;
    int had_copy = bucket->asked_s[i] != 0;
    if (!had_copy) bucket->asked_s[i] = now_ms / 1000 + 1;
    answer(c, had_copy ? "200 OK" : "202 Accepted", "", NULL, 0);
}

/* ---- everything else ---- */

static void forget_restores(void) {
    for (Bucket *bucket = buckets; bucket < buckets + bucket_count; bucket++)
        memset(bucket->asked_s, 0, bucket->objects * sizeof *bucket->asked_s);
}

static void control(Connection *c, const Request *request) {
    char value[64], name[64];
    struct rusage used;
    if (!strcmp(request->path, "/_reset")) {
        int in_flight = counts.in_flight;
        memset(&counts, 0, sizeof counts);
        counts.in_flight = in_flight;
        forget_restores();
    }
    if (parameter(request->query, "latency", value, sizeof value)) latency_ms = strtoul(value, NULL, 10);
    parameter(request->query, "bucket", name, sizeof name);
    Bucket *bucket = find_bucket(name);
    if (bucket && parameter(request->query, "asked", value, sizeof value))
        for (uint32_t i = 0, asked = strtoul(value, NULL, 10); i < bucket->objects; i++) {
            bucket->asked_s[i] = i < asked ? now_ms / 1000 + 1 : 0;
            bucket->days[i] = 1;
        }
    getrusage(RUSAGE_SELF, &used);
    Text *body = scratch();
    say(body,
        "{\"list\": %lu, \"head\": %lu, \"restore\": %lu, \"other\": %lu, \"connections\": %lu, "
        "\"most_in_flight\": %d, \"latency_ms\": %u, \"cpu_s\": %.3f}\n",
        counts.list, counts.head, counts.restore, counts.other, counts.connections, counts.most_in_flight, latency_ms,
        used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
    answer(c, "200 OK", "Content-Type: application/json\r\n", body, 0);
}

static void about_account(Connection *c, const Request *request) {
    Text *body = scratch();
    if (!strcmp(request->method, "POST"))
        ADD(body, "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
                  "<GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/bench</Arn><UserId>AIDABENCH</UserId>"
                  "<Account>123456789012</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>1</RequestId>"
                  "</ResponseMetadata></GetCallerIdentityResponse>");
    else {
        ADD(body, XML "<ListAllMyBucketsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Owner><ID>1</ID>"
                      "</Owner><Buckets>");
        for (const char *const *name = (const char *const[]){"b100k", "b10k", "b1m", "h100k", "h1m", NULL}; *name;
             name++)
            say(body, "<Bucket><Name>%s</Name><CreationDate>2010-01-01T00:00:00.000Z</CreationDate></Bucket>", *name);
        ADD(body, "</Buckets></ListAllMyBucketsResult>");
    }
    answer(c, "200 OK", strcmp(request->method, "POST") ? XML_TYPE : "Content-Type: text/xml\r\n", body, 0);
}

static void about_bucket(Connection *c, const Request *request, const Bucket *bucket) {
    char ignored[8];
    if (!strcmp(request->method, "HEAD")) {
        counts.other++;
        answer(c, "200 OK", "x-amz-bucket-region: us-east-1\r\nContent-Length: 0\r\n", NULL, 1);
    } else if (parameter(request->query, "location", ignored, sizeof ignored)) {
        counts.other++;
        Text *body = scratch();
        ADD(body, XML "<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>");
        answer(c, "200 OK", XML_TYPE, body, 0);
    } else if (parameter(request->query, "lifecycle", ignored, sizeof ignored)) {
        counts.other++;
        refuse(c, request, "404 Not Found", "NoSuchLifecycleConfiguration");
    } else {
        list(c, request, bucket);
    }
}

static void handle(Connection *c, Request *request) {
    if (!strncmp(request->path, "/_", 2)) {
        control(c, request);
        return;
    }
    unescape(request->path, 0);
    char *name = request->path + 1, *key = strchrnul(name, '/');
    if (*key) *key++ = 0;
    if (!*name) {
        counts.other++;
        about_account(c, request);
        return;
    }
    if (!strcmp(name, "-")) { /* Glacier's own API */
        counts.other++;
        Text *body = scratch();
        ADD(body, "{\"ProvisionedCapacityList\": []}");
        answer(c, "200 OK", "Content-Type: application/json\r\n", body, 0);
        return;
    }
    Bucket *bucket = find_bucket(name);
    if (!bucket) refuse(c, request, "404 Not Found", "NoSuchBucket");
    else if (!*key) about_bucket(c, request, bucket);
    else if (!strcmp(request->method, "HEAD")) head_object(c, request, bucket, key);
    else if (!strcmp(request->method, "POST")) restore(c, request, bucket, key);
    else refuse(c, request, "403 Forbidden", "InvalidObjectState");
}

/* Take the first whole request off the input and answer it; 0 when there is none yet. */
static int serve_one(Connection *c) {
    if (!c->in.size) return 0;
    *grow(&c->in, 1) = 0;
    char *end = strstr(c->in.at, "\r\n\r\n");
    if (!end) return 0;
    size_t head = end + 4 - c->in.at;
    char saved = end[2]; /* the headers end here; the body behind them stays as it is */
    end[2] = 0;
    Request request = {.method = c->in.at, .headers = strchr(c->in.at, '\n')};
    const char *length = header(&request, "\ncontent-length:");
    request.body_size = length ? strtoul(length, NULL, 10) : 0;
    if (c->in.size < head + request.body_size) {
        const char *expects = header(&request, "\nexpect:");
        if (expects && c->in.size == head) ADD(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
        end[2] = saved;
        return 0;
    }
    request.body = c->in.at + head;
    char *space = strchr(request.method, ' ');
    *space = 0;
    request.path = space + 1;
    *strchrnul(request.path, ' ') = 0;
    char *question = strchrnul(request.path, '?');
    request.query = *question ? question + 1 : question;
    *question = 0;
    int is_control = !strncmp(request.path, "/_", 2);
    handle(c, &request);
    c->in.size -= head + request.body_size;
    memmove(c->in.at, c->in.at + head + request.body_size, c->in.size);
    if (is_control) return 1;
    if (++counts.in_flight > counts.most_in_flight) counts.most_in_flight = counts.in_flight;
    c->is_waiting = 1;
    c->due_ms = now_ms + latency_ms;
    if (latency_ms) {
        c->is_held = 1;
        c->next = NULL;
        if (held_last) held_last->next = c;
        else held_first = c;
        held_last = c;
    }
    return 1;
}

static void end_connection(Connection *c) {
    if (!c->is_gone) close(c->fd);
    c->is_gone = 1;
    if (c->is_held) return; /* freed when its answer would have been due */
    if (c->is_waiting) counts.in_flight--;
    free(c->in.at);
    free(c->out.at);
    free(c);
}

static void watch(Connection *c, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = c};
    epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &event);
}

/* Write what may be written, then go on with what has been asked meanwhile. */
static void move_on(Connection *c) {
    for (;;) {
        if (c->is_held) return;
        while (c->sent < c->out.size) {
            ssize_t wrote = send(c->fd, c->out.at + c->sent, c->out.size - c->sent, MSG_NOSIGNAL);
            if (wrote < 0 && errno == EAGAIN) {
                watch(c, EPOLLIN | EPOLLOUT);
                return;
            }
            if (wrote <= 0) {
                end_connection(c);
                return;
            }
            c->sent += wrote;
            if (c->sent == c->out.size) watch(c, EPOLLIN);
        }
        c->sent = c->out.size = 0;
        if (c->is_waiting) counts.in_flight--;
        c->is_waiting = 0;
        if (!serve_one(c) && !c->out.size) return;
    }
}

static void receive(Connection *c) {
    for (;;) {
        char *at = grow(&c->in, 16384);
        ssize_t got = recv(c->fd, at, 16383, 0);
        if (got < 0 && errno == EAGAIN) break;
        if (got <= 0) {
            end_connection(c);
            return;
        }
        c->in.size += got;
        if (got < 16383) break;
    }
    if (!c->is_waiting && !c->out.size) move_on(c);
}

static void accept_all(int listener) {
    int fd, on = 1, room = 1 << 20;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
        Connection *c = calloc(1, sizeof *c);
        c->fd = fd;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
        counts.connections++;
    }
}

static void release_due(void) {
    while (held_first && held_first->due_ms <= now_ms) {
        Connection *c = held_first;
        held_first = c->next;
        if (!held_first) held_last = NULL;
        c->is_held = 0;
        if (c->is_gone) end_connection(c);
        else move_on(c);
    }
}

static void tell_time(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    now_ms = now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

int main(int argc, char **argv) {
    unsigned port = 9000;
    for (int i = 1; i < argc; i += 2) {
        const char *option = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (value && !strcmp(option, "--port")) port = atoi(value);
        else if (value && !strcmp(option, "--latency")) latency_ms = atoi(value);
        else if (value && !strcmp(option, "--restore-after")) restore_s = atof(value);
        else {
            fprintf(stderr, "usage: fakes3 [--port N (0: any)] [--latency MS] [--restore-after SECONDS (never)]\n");
            return 2;
        }
    }
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 1024)) {
        perror("fakes3");
        return 1;
    }
    getsockname(listener, (struct sockaddr *)&address, &size);
    printf("http://127.0.0.1:%u\n", ntohs(address.sin_port));
    fflush(stdout);
    signal(SIGPIPE, SIG_IGN);
    poller = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, ready[256];
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        tell_time();
        int wait_ms = !held_first ? -1 : held_first->due_ms > now_ms ? (int)(held_first->due_ms - now_ms) : 0;
        int count = epoll_wait(poller, ready, 256, wait_ms);
        tell_time();
        for (int i = 0; i < count; i++) {
            Connection *c = ready[i].data.ptr;
            if (!c) accept_all(listener);
            else if (ready[i].events & EPOLLOUT) move_on(c);
            else receive(c);
        }
        release_due();
    }
}
