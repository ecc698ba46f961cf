output "fingerprints" {
  value = {
    for pair in [
      openstack_compute_keypair_v2.generated,
      openstack_compute_keypair_v2.kept,
      openstack_compute_keypair_v2.imported,
    ] : pair.name => pair.fingerprint
  }
}

# In the clear in the state, however it is shown here.
output "private_key" {
  value     = openstack_compute_keypair_v2.generated.private_key
  sensitive = true
}
