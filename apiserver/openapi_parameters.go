package apiserver

import "slices"

// What operations take in their paths and queries. An item of a path names those that all its operations take.

func parameter(name, in, typ, description string) openapiParameter {
	return openapiParameter{Name: name, In: in, Description: description, Required: in == "path", Schema: openapiTypedOnly{typ, true}}
}

func query(name, typ, description string) openapiParameter {
	return parameter(name, "query", typ, description)
}

// The query parameters by what they go with. kubectl looks for fieldValidation at PATCH: a server that has it checks
// fields itself.
var (
	prettyParameter = query("pretty", "string", "If 'true', the answer is indented for people.")
	dryRunParameter = query("dryRun", "string", "With the value All, everything happens but the storing.")
	writeParameters = []openapiParameter{
		dryRunParameter,
		query("fieldManager", "string", "Name of the program or person that makes the change, at most 128 printable characters."),
		query("fieldValidation", "string", "What to do about fields that are unknown or given twice: Ignore drops them, Warn (the default) drops them with a warning, Strict refuses the request."),
	}
	patchParameters = append(slices.Clip(writeParameters),
		query("force", "boolean", "Of an apply patch: take over fields that other managers own."))
	deleteParameters = []openapiParameter{
		dryRunParameter,
		query("gracePeriodSeconds", "integer", "How many seconds the object may live on; 0 deletes at once. Defaults to what the object says."),
		query("orphanDependents", "boolean", "Deprecated, use propagationPolicy: whether dependents are left alone."),
		query("propagationPolicy", "string", "What happens to dependents: Orphan leaves them alone, Background deletes them afterwards, Foreground deletes them first."),
	}
	selectParameters = []openapiParameter{
		query("continue", "string", "Token of the page before, to get the next one."),
		query("fieldSelector", "string", "Only objects with these fields. Defaults to all."),
		query("labelSelector", "string", "Only objects with these labels. Defaults to all."),
		query("limit", "integer", "How many objects to return at most; if there are more, metadata.continue has a token for the next page."),
		query("resourceVersion", "string", "Which state to show; see resourceVersionMatch."),
		query("resourceVersionMatch", "string", "Whether resourceVersion means exactly that state, or one that is not older."),
		query("sendInitialEvents", "boolean", "Of a watch: begin with what exists, as ADDED events and a bookmark."),
		query("timeoutSeconds", "integer", "After how many seconds a watch ends."),
	}
	listParameters = append(slices.Clip(selectParameters),
		query("allowWatchBookmarks", "boolean", "Of a watch: whether to send BOOKMARK events, which tell how far the watch is."),
		query("watch", "boolean", "Send changes as they happen, instead of a list."))
	logParameters = []openapiParameter{
		query("container", "string", "Name of the container; a pod with only one needs none."),
		query("follow", "boolean", "Send lines as they are written."),
		query("insecureSkipTLSVerifyBackend", "boolean", "Do not check the kubelet's certificate."),
		query("limitBytes", "integer", "After how many bytes to end."),
		query("previous", "boolean", "Read the log of the container's run before the last restart."),
		query("sinceSeconds", "integer", "Leave out lines older than so many seconds."),
		query("stream", "string", "All, Stdout or Stderr."),
		query("tailLines", "integer", "How many lines from the end to begin with."),
		query("timestamps", "boolean", "Put the time before each line."),
	}
)
