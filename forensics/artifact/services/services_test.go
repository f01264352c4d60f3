package services

import (
	"testing"

	"icecore/forensics/artifact/artifacttest"
)

func TestGolden(t *testing.T) { artifacttest.Golden(t, Extractor{}, "debian") }

func FuzzExtract(f *testing.F) {
	artifacttest.Fuzz(f, Extractor{}, "/etc/consul.d/check.json", "/etc/consul.d/check.hcl", "/var/lib/jenkins/jobs/a/config.xml",
		"/srv/shop/vendor/composer/autoload_files.php", "/var/lib/jenkins/init.groovy.d/a.groovy")
}
