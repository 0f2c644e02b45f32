/*
 * Addresses and routes of the guest's network cards, by rtnetlink(7). Each returns 0 or an error number.
 */
#ifndef RKT_NETWORK_H
#define RKT_NETWORK_H

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct request {
	struct nlmsghdr head;
	union {
		struct ifinfomsg link;
		struct ifaddrmsg address;
		struct rtmsg route;
	};
	char attributes[128];
};

static struct request new_request(int type, int flags, size_t length) {
	return (struct request){.head = {.nlmsg_len = NLMSG_LENGTH(length), .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags}};
}

/* At most three, of 16 bytes. */
static void add_attribute(struct request *request, int type, const void *data, size_t length) {
	struct rtattr *attribute = (struct rtattr *)((char *)request + NLMSG_ALIGN(request->head.nlmsg_len));
	attribute->rta_type = type;
	attribute->rta_len = RTA_LENGTH(length);
	memcpy(RTA_DATA(attribute), data, length);
	request->head.nlmsg_len = NLMSG_ALIGN(request->head.nlmsg_len) + RTA_LENGTH(length);
}

static int ask_kernel(const struct request *request) {
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
		char rest[512];
	} answer;
	int kernel = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), error = 0;
	if (kernel < 0 || send(kernel, request, request->head.nlmsg_len, 0) < 0 || recv(kernel, &answer, sizeof answer, 0) < (ssize_t)NLMSG_LENGTH(sizeof(int))) error = errno;
	else if (answer.head.nlmsg_type != NLMSG_ERROR) error = EPROTO;
	else error = -answer.error.error;
	if (kernel >= 0) close(kernel);
	return error;
}

/* Another name, if there is one, another size of packets, if it is not 0, and up. */
static int change_link(int index, const char *name, unsigned mtu, int up) {
	if (index == 0) return ENODEV;
	if (name != NULL && strlen(name) >= IFNAMSIZ) return ENAMETOOLONG;
	struct request request = new_request(RTM_NEWLINK, 0, sizeof request.link);
	request.link = (struct ifinfomsg){.ifi_index = index, .ifi_flags = up ? IFF_UP : 0, .ifi_change = up ? IFF_UP : 0};
	if (name != NULL) add_attribute(&request, IFLA_IFNAME, name, strlen(name) + 1);
	if (mtu != 0) add_attribute(&request, IFLA_MTU, &mtu, sizeof mtu);
	return ask_kernel(&request);
}

/* ADDRESS/LENGTH; the length of the prefix, or -1. */
static int read_address(char *text, int *family, unsigned char bytes[16]) {
	char *slash = strchr(text, '/');
	*family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
	if (slash != NULL) *slash = '\0';
	int ok = inet_pton(*family, text, bytes);
	if (slash != NULL) *slash = '/';
	return ok != 1 ? -1 : slash == NULL ? 0 : atoi(slash + 1);
}

static size_t size_of(int family) {
	return family == AF_INET6 ? 16 : 4;
}

static int add_address(int index, char *text) {
	unsigned char bytes[16];
	int family, length = read_address(text, &family, bytes);
	if (length < 0) return EINVAL;
	struct request request = new_request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, sizeof request.address);
	/* Whoever has prepared the network knows that nobody else has it. */
	request.address = (struct ifaddrmsg){.ifa_family = family, .ifa_prefixlen = length, .ifa_flags = IFA_F_NODAD, .ifa_index = index};
	add_attribute(&request, IFA_LOCAL, bytes, size_of(family));
	add_attribute(&request, IFA_ADDRESS, bytes, size_of(family));
	return ask_kernel(&request);
}

/* ROUTER "": there is none. */
static int add_route(int index, char *to, const char *router) {
	unsigned char bytes[16], gateway[16];
	int family, length = read_address(to, &family, bytes);
	if (length < 0 || (*router != '\0' && inet_pton(family, router, gateway) != 1)) return EINVAL;
	struct request request = new_request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, sizeof request.route);
	request.route = (struct rtmsg){
	    .rtm_family = family,
	    .rtm_dst_len = length,
	    .rtm_table = RT_TABLE_MAIN,
	    .rtm_protocol = RTPROT_STATIC,
	    .rtm_scope = *router == '\0' ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
	    .rtm_type = RTN_UNICAST,
	};
	if (length > 0) add_attribute(&request, RTA_DST, bytes, size_of(family));
	if (*router != '\0') add_attribute(&request, RTA_GATEWAY, gateway, size_of(family));
	add_attribute(&request, RTA_OIF, &index, sizeof index);
	return ask_kernel(&request);
}

#endif
