# The whole surface. Each target sets up what it needs; all are safe to run twice.
SHELL := /bin/bash
.DEFAULT_GOAL := help
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
DEPS := node_modules/.goimg-secrets

.PHONY: help up down test bench rotate-bench policy env

help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

up: $(DEPS) ## Set everything up and bring the dev stack up
	@node cli/main.ts up

down: $(DEPS) ## Take the dev stack down, leaving nothing behind
	@node cli/main.ts down

test: $(DEPS) ## Set everything up and run every test
	@node test/run.ts

bench: $(DEPS) ## Time create and no-op against Terraform and a shell script
	@node test/bench/main.ts

rotate-bench: $(DEPS) ## Rotate every secret three times under load
	@node test/bench/rotate.ts

policy: $(DEPS) ## Check every stack with the policy pack
	@node policies/check.ts

env: $(DEPS) ## Shell settings for using pulumi yourself: eval "$$(make -s env)"
	@node toolchain/main.ts env

# npm ci, keyed by the lockfile. Install scripts stay off: nothing that we use needs one.
$(DEPS): package-lock.json package.json
	@command -v npm >/dev/null || { echo "npm is missing: install Node.js 20 or newer with npm (Debian: apt-get install nodejs npm)" >&2; exit 1; }
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@ln -sf ../../cli/main.ts node_modules/.bin/goimg-secrets
	@touch $@
