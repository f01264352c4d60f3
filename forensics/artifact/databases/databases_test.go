package databases

import (
	"testing"

	"icecore/forensics/artifact/artifacttest"
)

func TestGolden(t *testing.T) { artifacttest.Golden(t, Extractor{}, "debian") }

func FuzzExtract(f *testing.F) {
	artifacttest.Fuzz(f, Extractor{}, "/etc/postgresql/15/main/postgresql.conf", "/etc/postgresql/15/main/pg_hba.conf", "/etc/redis/redis.conf", "/etc/mysql/conf.d/a.cnf")
}
