# The work of index.ts, for Terraform and OpenTofu. 0.0.1 is what the benchmark calls the pinned upstream providers.
terraform {
  required_providers {
    random = { source = "hashicorp/random", version = "0.0.1" }
    tls    = { source = "hashicorp/tls", version = "0.0.1" }
    docker = { source = "kreuzwerker/docker", version = "0.0.1" }
  }
}

variable "passwords" {
  type = number
}

variable "service" {
  type = bool
}

locals {
  names = toset([for index in range(var.passwords) : "PASSWORD_${index}"])
  pair = {
    JWT_PRIVATE_KEY = tls_private_key.jwt.private_key_pem
    JWT_PUBLIC_KEY  = tls_private_key.jwt.public_key_pem
  }
}

resource "tls_private_key" "jwt" {
  algorithm = "RSA"
  rsa_bits  = 4096
}

resource "random_password" "password" {
  for_each = local.names
  length   = 43
  special  = false
}

resource "docker_secret" "password" {
  for_each = local.names
  name     = "${each.key}-g1"
  data     = base64encode(random_password.password[each.key].result)
  labels {
    label = "goimg.stack"
    value = "bench"
  }
  labels {
    label = "goimg.entry"
    value = each.key
  }
  labels {
    label = "goimg.generation"
    value = "1"
  }
}

resource "docker_secret" "key" {
  for_each = toset(["JWT_PRIVATE_KEY", "JWT_PUBLIC_KEY"])
  name     = "${each.key}-g1"
  data     = base64encode(local.pair[each.key])
  labels {
    label = "goimg.stack"
    value = "bench"
  }
  labels {
    label = "goimg.entry"
    value = each.key
  }
  labels {
    label = "goimg.generation"
    value = "1"
  }
}

locals {
  stored = concat(
    [for name, secret in docker_secret.key : { entry = name, id = secret.id, name = secret.name }],
    [for name, secret in docker_secret.password : { entry = name, id = secret.id, name = secret.name }],
  )
}

# Every value is granted to one service, without a task: how long a container takes to start is not what is compared.
resource "docker_service" "app" {
  count = var.service ? 1 : 0
  name  = "app"
  labels {
    label = "goimg.stack"
    value = "bench"
  }
  mode {
    replicated {
      replicas = 0
    }
  }
  task_spec {
    container_spec {
      image = "goimg-secrets/none:1"
      dynamic "secrets" {
        for_each = local.stored
        content {
          secret_id   = secrets.value.id
          secret_name = secrets.value.name
          file_name   = secrets.value.entry
          file_mode   = 256
        }
      }
    }
  }
}
