package printers

import (
	"strings"
	"time"

	"kubelite/api"
)

// The columns of role bindings. Roles have none of their own: their rules do not fit a cell.

var (
	RoleBinding = columns(func(b *api.RoleBinding, now time.Time) []any {
		return bindingCells(&b.ObjectMeta, &b.RoleRef, b.Subjects, now)
	}, bindingDefinitions...)
	ClusterRoleBinding = columns(func(b *api.ClusterRoleBinding, now time.Time) []any {
		return bindingCells(&b.ObjectMeta, &b.RoleRef, b.Subjects, now)
	}, bindingDefinitions...)
)

var bindingDefinitions = []api.TableColumnDefinition{
	NameColumn,
	text("Role", "The role that is given."),
	ageColumn,
	wide("Users", "Users who have it."),
	wide("Groups", "Groups whose members have it."),
	wide("ServiceAccounts", "Service accounts that have it, with their namespaces."),
}

func bindingCells(meta *api.ObjectMeta, role *api.RoleRef, subjects []api.Subject, now time.Time) []any {
	var users, groups, accounts []string
	for _, s := range subjects {
		switch s.Kind {
		case api.SubjectUser:
			users = append(users, s.Name)
		case api.SubjectGroup:
			groups = append(groups, s.Name)
		case api.SubjectServiceAccount:
			accounts = append(accounts, s.Namespace+"/"+s.Name)
		}
	}
	return []any{
		meta.Name, role.Kind + "/" + role.Name, Age(meta.CreationTimestamp.Time, now),
		strings.Join(users, ", "), strings.Join(groups, ", "), strings.Join(accounts, ", "),
	}
}
