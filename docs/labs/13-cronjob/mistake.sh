# Hour and minute in the wrong order: three minutes past midnight.
kubectl-lite create cronjob backup --image=busybox:1.37 --schedule='3 0 * * *' -n lab-cronjob -- sh -c 'echo copied'
