kubectl-lite create cronjob backup --image=busybox:1.37 --schedule='0 3 * * *' -n lab-cronjob -- sh -c 'echo copied'
kubectl-lite patch cronjob backup -n lab-cronjob -p '{"spec":{"concurrencyPolicy":"Forbid"}}'
kubectl-lite create job try --from=cronjob/backup -n lab-cronjob
kubectl-lite wait --for=condition=complete job/try -n lab-cronjob --timeout=120s
kubectl-lite patch cronjob backup -n lab-cronjob -p '{"spec":{"suspend":true}}'
