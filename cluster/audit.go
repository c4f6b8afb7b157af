package cluster

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"kubelite/api/audit"
	"kubelite/client"
)

// The audit log of a cluster: `start --audit-policy FILE` keeps a copy of the policy in the profile's directory, and the API server
// writes beside the components' logs (`kubelite logs audit`). A user of kubeadm would mount both into the API server's pod.

// auditLog is what `kubelite logs` knows the log by.
const auditLog = "audit"

// auditBackups is how many old logs of a hundred megabytes are kept.
const auditBackups = "3"

func (p Profile) auditPolicy() string { return p.Path("audit-policy.yaml") }

// setAudit makes the cluster log by the policy in a file, or not at all if file is "". changed tells that a running API server
// must take note.
func (c *Config) setAudit(p Profile, file string) (changed bool, err error) {
	if file == "" {
		changed, c.Audit = c.Audit, false
		if err := os.Remove(p.auditPolicy()); err != nil && !errors.Is(err, os.ErrNotExist) {
			return changed, err
		}
		return changed, nil
	}
	policy, err := os.ReadFile(file)
	if err != nil {
		return false, fmt.Errorf("read the audit policy: %w", err)
	}
	if _, err := audit.ParsePolicy(policy); err != nil {
		return false, fmt.Errorf("the audit policy %s: %w", file, err)
	}
	before, err := os.ReadFile(p.auditPolicy())
	if c.Audit && err == nil && bytes.Equal(before, policy) {
		return false, nil
	}
	c.Audit = true
	return true, client.ReplaceFile(p.auditPolicy(), policy, 0o600)
}

// auditFlags are those of the API server.
func (c *Config) auditFlags(p Profile) []string {
	if !c.Audit {
		return nil
	}
	return []string{"--audit-policy-file", p.auditPolicy(), "--audit-log-path", p.LogFile(auditLog), "--audit-log-maxbackup", auditBackups}
}
