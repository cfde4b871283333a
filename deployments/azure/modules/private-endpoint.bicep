// A private way from the environment's network to one service.
param name string
param location string
param tags object
param subnetId string
param serviceId string

@description('The part of the service: blob, file, queue, vault, registry, amlworkspace, amlregistry.')
param part string

@description('Ids of the private zones in which its names stand.')
param zoneIds array

resource endpoint 'Microsoft.Network/privateEndpoints@2023-11-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    subnet: { id: subnetId }
    privateLinkServiceConnections: [
      {
        name: part
        properties: {
          privateLinkServiceId: serviceId
          groupIds: [part]
        }
      }
    ]
  }
}

resource names 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2023-11-01' = {
  parent: endpoint
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [for (zone, i) in zoneIds: {
      name: 'zone-${i}'
      properties: {
        privateDnsZoneId: zone
      }
    }]
  }
}
