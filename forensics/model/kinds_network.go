package model

import "slices"

// Kinds of what servers offer to the network.
const (
	Listener       Kind = "network.listener"
	DatabaseAccess Kind = "database.access"
)

func networkKinds() []KindInfo {
	return []KindInfo{
		{
			Kind: DatabaseAccess, Group: GroupNetwork, From: "pg_hba.conf of PostgreSQL. Extractor `databases`.",
			Doc: "A line that says who may log in to a database, from where and how.", Role: Account, Technique: "T1098", Excerpt: []string{"address"},
			Fields: slices.Concat(
				textField("local, host, hostssl, ...", "type"), textField("as in the file", "database", "user", "address"), textField("trust, peer, scram-sha-256, reject, ...", "method"),
				yesField("the address is neither loopback nor private", "public"),
			),
		},
		{
			Kind: Listener, Group: GroupNetwork,
			From: "the configurations of sshd, nginx, Apache, Redis, MySQL, PostgreSQL, Docker, memcached, MongoDB, inetd and xinetd, and socket units. Extractor `listeners`.",
			Doc:  "An address and port that a server is configured to listen on.",
			Fields: slices.Concat(
				textField("the server: sshd, nginx, apache, redis, mysql, postgresql, docker, ...; the name of a socket unit, or of a service of inetd", "service"),
				textField("as configured; `*` where none is given: all", "address"),
				textField("a number, or the name of one in services(5)", "port"),
				textField("tcp, udp", "protocol"),
				yesField("the address means all interfaces", "exposed"),
				yesField("of services of xinetd: it is not disabled", "enabled"),
				yesField("no line of the file configures the port or address: it is the server's default", "default"),
			),
		},
	}
}
